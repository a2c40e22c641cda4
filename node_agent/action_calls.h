// What a worker tells by @pm2/io: custom actions, which it may be asked for,
// and metrics.
#ifndef FLEET_NODE_AGENT_ACTION_CALLS_H_
#define FLEET_NODE_AGENT_ACTION_CALLS_H_

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node_agent/node_message.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// What to ask a worker for.
struct ActionRequest {
  std::string action;
  std::optional<std::string> parameter;
  absl::Duration timeout;
};

// JSON, what the action returned. NOT_FOUND: it has told its actions, and this
// one is not among them; DEADLINE_EXCEEDED; UNAVAILABLE: it ended meanwhile;
// or why it could not be asked.
using ActionDone = std::function<void(const absl::StatusOr<std::string>&)>;

// Of one worker; LiveWorker owns it. A reply names its action and nothing else,
// so replies go to calls of the action in the order in which they were made.
// Actions that a worker has told an agent before this one are not known: then
// it is simply asked. Bounds: kMaxActions names, kMaxCalls calls, kMaxValue
// bytes of a reply. Loop thread only.
class ActionCalls {
 public:
  static constexpr size_t kMaxActions = 256;
  static constexpr size_t kMaxCalls = 64;
  static constexpr size_t kMaxValue = 64 << 10;

  // `name` is the worker's, for messages: "web.0".
  ActionCalls(EventLoop& loop, std::string name)
      : loop_(loop), name_(std::move(name)) {}
  ~ActionCalls();
  ActionCalls(const ActionCalls&) = delete;
  ActionCalls& operator=(const ActionCalls&) = delete;

  // Puts the line that asks (NodeActionMessage) on the worker's channel.
  using Send = std::function<absl::Status(const std::string& line)>;
  // `done` is called once, from the loop, never from inside a call; also when
  // this ends.
  void Call(const ActionRequest& request, const Send& send, ActionDone done);

  // The worker tells an action, a result or its metrics (kAction, kActionReply,
  // kMetrics).
  void OnMessage(const NodeMessage& message);
  // All that is open ends with UNAVAILABLE.
  void OnEnded();

  const std::set<std::string>& actions() const { return actions_; }
  // As it told last: values with their units by name.
  const std::map<std::string, std::string>& metrics() const { return metrics_; }

 private:
  struct Open {
    std::string action;
    ActionDone done;
    EventLoop::TimerId timer = 0;
  };

  absl::Status Ask(const ActionRequest& request, const Send& send) const;
  void Finish(std::list<Open>::iterator call,
              absl::StatusOr<std::string> result);
  void Later(ActionDone done, absl::StatusOr<std::string> result);

  EventLoop& loop_;
  const std::string name_;
  std::set<std::string> actions_;
  std::map<std::string, std::string> metrics_;
  std::list<Open> calls_;  // The oldest first.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_ACTION_CALLS_H_
