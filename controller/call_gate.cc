#include "controller/call_gate.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <string>
#include <utility>

#include "proto/rpc/grpc_status.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

constexpr int kMaxWaiting = 1000;

void LogChange(std::string_view method, const Identity& caller,
               const absl::Status& status) {
  spdlog::info("call method={} actor=\"{}\" result={}{}{}", method, caller.name,
               absl::StatusCodeToString(status.code()), status.ok() ? "" : ": ",
               std::string(status.message()));
}

}  // namespace

grpc::ServerUnaryReactor* CallGate::Unary(grpc::CallbackServerContext* context,
                                          std::string_view method,
                                          Effect effect, Body body) {
  return Enter(context, method,
               [method = std::string(method), effect, body = std::move(body)](
                   const Identity& caller, grpc::ServerUnaryReactor* reactor) {
                 absl::Status status = body(caller);
                 if (effect == Effect::kChange) {
                   LogChange(method, caller, status);
                 }
                 reactor->Finish(ToGrpcStatus(status));
               });
}

grpc::ServerUnaryReactor* CallGate::UnaryLater(
    grpc::CallbackServerContext* context, std::string_view method,
    Effect effect, LaterBody body) {
  return Enter(context, method,
               [method = std::string(method), effect, body = std::move(body)](
                   const Identity& caller, grpc::ServerUnaryReactor* reactor) {
                 Finish finish = [=](const absl::Status& status) {
                   if (effect == Effect::kChange)
                     LogChange(method, caller, status);
                   reactor->Finish(ToGrpcStatus(status));
                 };
                 absl::Status begun = body(caller, finish);
                 if (!begun.ok()) finish(begun);
               });
}

grpc::ServerUnaryReactor* CallGate::Enter(grpc::CallbackServerContext* context,
                                          std::string_view method, Task task) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<Identity> caller = Admit(*context, method);
  if (!caller.ok()) {
    reactor->Finish(ToGrpcStatus(caller.status()));
    return reactor;
  }
  if (waiting_.fetch_add(1) >= kMaxWaiting) {
    waiting_.fetch_sub(1);
    reactor->Finish(ToGrpcStatus(absl::ResourceExhaustedError(
        "the controller has 1,000 calls waiting; try again in a second")));
    return reactor;
  }
  loop_.Post(
      [this, reactor, caller = *std::move(caller), task = std::move(task)] {
        waiting_.fetch_sub(1);
        task(caller, reactor);
      });
  return reactor;
}

absl::StatusOr<Identity> CallGate::Admit(
    const grpc::CallbackServerContext& context, std::string_view method) const {
  Identity caller = IdentityOf(context);
  RETURN_IF_ERROR(Authorize(caller, method));
  return caller;
}

}  // namespace fleet::controller
