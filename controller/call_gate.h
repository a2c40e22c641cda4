// The one door through which every call of every service enters.
#ifndef FLEET_CONTROLLER_CALL_GATE_H_
#define FLEET_CONTROLLER_CALL_GATE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/call_policy.h"
#include "controller/stream_pass.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/identity.h"

namespace grpc {
class CallbackServerContext;
class ServerUnaryReactor;
}  // namespace grpc

namespace fleet::controller {

// Brings a call to the loop thread, admits it there, runs it, turns its status
// into gRPC's, and records each call that changes something and each that was
// denied. gRPC's own threads never wait here. Thread-safe.
//
// At most 1,000 unary calls wait at a time; more end with RESOURCE_EXHAUSTED.
class CallGate {
 public:
  // Whether a call of the method is worth a record.
  enum class Effect { kRead, kChange };

  // Runs on the loop thread; the call's request and response live until it
  // returns.
  using Body = std::function<absl::Status(const Identity& caller)>;

  // `policy` is asked on the loop thread. Both outlive it.
  CallGate(EventLoop& loop, CallPolicy& policy)
      : loop_(loop), policy_(policy), streams_(loop, policy) {}
  CallGate(const CallGate&) = delete;
  CallGate& operator=(const CallGate&) = delete;

  // For a unary method:
  // `return gate.Unary(context, "/fleet.v1.…/…", effect, *request, …)`.
  // `answer` is the response, for methods whose record says what came of them.
  grpc::ServerUnaryReactor* Unary(
      grpc::CallbackServerContext* context, std::string_view method,
      Effect effect, const google::protobuf::Message& request, Body body,
      const google::protobuf::Message* answer = nullptr);

  // For a unary method whose answer takes a while: `body` is run like that of
  // Unary, and if it returns OK, the call ends when it calls `finish`, once,
  // on the loop thread. Request and response live until then, also when the
  // client is gone.
  using Finish = std::function<void(const absl::Status& status)>;
  using LaterBody =
      std::function<absl::Status(const Identity& caller, Finish finish)>;
  grpc::ServerUnaryReactor* UnaryLater(
      grpc::CallbackServerContext* context, std::string_view method,
      Effect effect, const google::protobuf::Message& request, LaterBody body,
      const google::protobuf::Message* answer = nullptr);

  // For a streaming method, whose reactor posts to loop() by itself: who calls,
  // and for how long. `request` lives as long as the stream; `method` is a
  // literal.
  std::unique_ptr<StreamPass> Pass(const grpc::CallbackServerContext& context,
                                   std::string_view method,
                                   const google::protobuf::Message& request);

  // Likewise for a host's own session, which ends when who revokes the host
  // cuts it: what it calls on the loop, once, before all else.
  using Admission = std::function<absl::StatusOr<Identity>()>;
  Admission Admit(const grpc::CallbackServerContext& context,
                  std::string_view method,
                  const google::protobuf::Message& request);

  // On the loop thread.
  CallerView ViewOf(const Identity& caller) const {
    return policy_.ViewOf(caller);
  }

  EventLoop& loop() const { return loop_; }

 private:
  EventLoop& loop_;
  CallPolicy& policy_;
  OpenStreams streams_;
  std::atomic<int> waiting_{0};
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_CALL_GATE_H_
