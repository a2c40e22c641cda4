// The one door through which every call of every service enters.
#ifndef FLEET_CONTROLLER_CALL_GATE_H_
#define FLEET_CONTROLLER_CALL_GATE_H_

#include <atomic>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/identity.h"

namespace grpc {
class CallbackServerContext;
class ServerUnaryReactor;
}  // namespace grpc

namespace fleet::controller {

// Authorises a call, brings it to the loop thread, runs it there, turns its
// status into gRPC's, and writes one line of log for each call that changes
// something. gRPC's own threads never wait here. Thread-safe.
//
// At most 1,000 unary calls wait at a time; more end with RESOURCE_EXHAUSTED.
class CallGate {
 public:
  // Whether a call of the method is worth a line in the log.
  enum class Effect { kRead, kChange };

  // Runs on the loop thread; the call's request and response live until it
  // returns.
  using Body = std::function<absl::Status(const Identity& caller)>;

  explicit CallGate(EventLoop& loop) : loop_(loop) {}
  CallGate(const CallGate&) = delete;
  CallGate& operator=(const CallGate&) = delete;

  // For a unary method: `return gate.Unary(context, "/fleet.v1.…/…", …)`.
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context,
                                  std::string_view method, Effect effect,
                                  Body body);

  // For a unary method whose answer takes a while: `body` is run like that of
  // Unary, and if it returns OK, the call ends when it calls `finish`, once,
  // on the loop thread. Request and response live until then, also when the
  // client is gone.
  using Finish = std::function<void(const absl::Status& status)>;
  using LaterBody =
      std::function<absl::Status(const Identity& caller, Finish finish)>;
  grpc::ServerUnaryReactor* UnaryLater(grpc::CallbackServerContext* context,
                                       std::string_view method, Effect effect,
                                       LaterBody body);

  // For a streaming method: who calls, once that is authorised. The stream's
  // reactor posts to loop() by itself.
  absl::StatusOr<Identity> Admit(const grpc::CallbackServerContext& context,
                                 std::string_view method) const;

  EventLoop& loop() const { return loop_; }

 private:
  // Runs `task` on the loop unless the call is refused.
  using Task = std::function<void(const Identity& caller,
                                  grpc::ServerUnaryReactor* reactor)>;
  grpc::ServerUnaryReactor* Enter(grpc::CallbackServerContext* context,
                                  std::string_view method, Task task);

  EventLoop& loop_;
  std::atomic<int> waiting_{0};
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_CALL_GATE_H_
