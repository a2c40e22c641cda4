// How long a stream may go on.
#ifndef FLEET_CONTROLLER_STREAM_PASS_H_
#define FLEET_CONTROLLER_STREAM_PASS_H_

#include <functional>
#include <memory>
#include <set>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/call_policy.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/identity.h"

namespace fleet::controller {

class StreamPass;

// The streams that are open. While there are some, each is looked at twice a
// second: one whose caller's token or certificate has ended ends within a
// second. CallGate's. Loop thread only.
class OpenStreams {
 public:
  static constexpr absl::Duration kPeriod = absl::Milliseconds(500);

  // Both outlive it.
  OpenStreams(EventLoop& loop, CallPolicy& policy)
      : loop_(loop), policy_(policy) {}
  ~OpenStreams() { loop_.CancelTimer(timer_); }
  OpenStreams(const OpenStreams&) = delete;
  OpenStreams& operator=(const OpenStreams&) = delete;

  void Add(StreamPass& pass);
  void Remove(StreamPass& pass) { open_.erase(&pass); }

 private:
  void LookLater();
  void Look();

  EventLoop& loop_;
  CallPolicy& policy_;
  std::set<StreamPass*> open_;
  EventLoop::TimerId timer_ = 0;
};

// A streaming call's own, from CallGate::Pass; to be destroyed on the loop
// thread before the call is finished, since its request ends with it. Made on
// any thread, else loop thread only.
class StreamPass {
 public:
  using Admitted = std::function<void(const absl::StatusOr<Identity>& caller)>;
  using Expelled = std::function<void(const absl::Status& why)>;
  struct Call {
    CallCredentials credentials;
    std::string_view method;                   // A literal.
    const google::protobuf::Message& request;  // Lives until Admitted.
  };

  StreamPass(OpenStreams& streams, CallPolicy& policy, Call call);
  ~StreamPass();
  StreamPass(const StreamPass&) = delete;
  StreamPass& operator=(const StreamPass&) = delete;

  // Asks who calls: once, before all else. `admitted` is called once, at once
  // or later; a stream that was let in hears of `expelled` when it must end.
  // Neither is called after the end of this object, which may end in
  // `expelled`.
  void Ask(Admitted admitted, Expelled expelled);

  const Identity& caller() const { return caller_; }
  CallerView view() const { return policy_.ViewOf(caller_); }
  void Expel(const absl::Status& why);

 private:
  void Admit(const Admitted& admitted);

  OpenStreams& streams_;
  CallPolicy& policy_;
  const Call call_;
  Expelled expelled_;
  Identity caller_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STREAM_PASS_H_
