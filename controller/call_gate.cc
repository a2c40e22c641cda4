#include "controller/call_gate.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <string>
#include <utility>

#include "proto/rpc/grpc_status.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr int kMaxWaitingCalls = 1000;

}  // namespace

grpc::ServerUnaryReactor* CallGate::Unary(
    grpc::CallbackServerContext* context, std::string_view method,
    Effect effect, const google::protobuf::Message& request, Body body,
    const google::protobuf::Message* answer) {
  return UnaryLater(
      context, method, effect, request,
      [body = std::move(body)](const Identity& caller, const Finish& finish) {
        absl::Status status = body(caller);
        if (status.ok()) finish(status);
        return status;
      },
      answer);
}

grpc::ServerUnaryReactor* CallGate::UnaryLater(
    grpc::CallbackServerContext* context, std::string_view method,
    Effect effect, const google::protobuf::Message& request, LaterBody body,
    const google::protobuf::Message* answer) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (waiting_.fetch_add(1) >= kMaxWaitingCalls) {
    waiting_.fetch_sub(1);
    reactor->Finish(ToGrpcStatus(absl::ResourceExhaustedError(
        "the controller has 1,000 calls waiting; try again in a second")));
    return reactor;
  }
  auto run = [this, reactor, method, effect, &request, answer,
              admit = Admit(*context, method, request),
              body = std::move(body)] {
    waiting_.fetch_sub(1);
    absl::StatusOr<Identity> caller = admit();
    if (!caller.ok()) return reactor->Finish(ToGrpcStatus(caller.status()));
    Finish finish = [this, reactor, method, effect, &request, answer,
                     caller = *caller](const absl::Status& status) {
      if (effect == Effect::kRead) {
        return reactor->Finish(ToGrpcStatus(ViewOf(caller).Redact(status)));
      }
      // After what the call has set off, so that the hosts are at work while
      // the record is synced, and while the request still lives.
      loop_.Post([this, reactor, method, &request, answer, caller, status] {
        policy_.Record(caller, method, request, status.ok() ? answer : nullptr,
                       status);
        reactor->Finish(ToGrpcStatus(ViewOf(caller).Redact(status)));
      });
    };
    absl::Status begun = body(*caller, finish);
    if (!begun.ok()) finish(begun);
  };
  loop_.Post([this, credentials = CredentialsOf(*context),
              run = std::move(run)] { policy_.Prepare(credentials, run); });
  return reactor;
}

std::unique_ptr<StreamPass> CallGate::Pass(
    const grpc::CallbackServerContext& context, std::string_view method,
    const google::protobuf::Message& request) {
  return std::make_unique<StreamPass>(
      streams_, policy_,
      StreamPass::Call{CredentialsOf(context), method, request});
}

CallGate::Admission CallGate::Admit(const grpc::CallbackServerContext& context,
                                    std::string_view method,
                                    const google::protobuf::Message& request) {
  return [this, credentials = CredentialsOf(context), method, &request] {
    return policy_.AdmitOrRecord(credentials, method, request);
  };
}

}  // namespace fleet::controller
