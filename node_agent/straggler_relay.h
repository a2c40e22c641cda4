// Carries connections that came to a socket which nobody accepts from any more
// to one that somebody does.
#ifndef FLEET_NODE_AGENT_STRAGGLER_RELAY_H_
#define FLEET_NODE_AGENT_STRAGGLER_RELAY_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// The last resort for what a drained lane gets after its worker has ceased to
// accept: a handshake that took longer than anybody waits (a lost packet), or
// the queue of a worker that hung until it was killed. The kernel hands a
// queued connection to nobody but who accepts from that queue, so the agent
// accepts it, connects to the same address (where the port's program chooses a
// worker that serves), and copies both ways.
//
// The worker sees the agent's own address as the client's. At most kMax at a
// time, the others wait in their queue; 32 KiB of buffers each; one that moves
// no byte for kIdle is cut. They end with the agent. Loop thread only.
class StragglerRelay {
 public:
  static constexpr size_t kMax = 64;
  static constexpr absl::Duration kIdle = absl::Seconds(60);

  explicit StragglerRelay(EventLoop& loop);
  ~StragglerRelay();
  StragglerRelay(const StragglerRelay&) = delete;
  StragglerRelay& operator=(const StragglerRelay&) = delete;

  // Takes what waits at `listener` (TCP), as far as there is room. A client
  // that has gone already is only cleared away. Returns how many it carries on.
  //
  // `alone`: no worker has the socket any more. While one has and wants it
  // blocking, nothing is taken: to accept could block the agent, and to change
  // that would break the worker.
  int TakeAll(int listener, bool alone);

  size_t active() const { return active_.size(); }
  bool full() const { return active_.size() >= kMax; }
  // Since the start of the agent.
  int64_t carried() const { return carried_; }

 private:
  class Connection;

  void End(Connection* connection);

  EventLoop& loop_;
  std::list<std::unique_ptr<Connection>> active_;
  int64_t carried_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_STRAGGLER_RELAY_H_
