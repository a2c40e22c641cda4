// How signals end the agent.
#ifndef FLEET_NODE_AGENT_AGENT_ENDING_H_
#define FLEET_NODE_AGENT_AGENT_ENDING_H_

#include "proto/rpc/event_loop.h"

namespace fleet::agent {

class AgentState;
class ControllerSession;

// SIGTERM and SIGINT stop the workers first. SIGHUP is an upgrade: it leaves
// them to the next program, which the keeper starts at once.
//
// main owns it. Loop thread only.
class AgentEnding {
 public:
  explicit AgentEnding(EventLoop& loop) : loop_(loop) {}

  // What to stop; until it is known the loop alone. `session` may be nullptr.
  void Set(AgentState* state, ControllerSession* session);
  void OnSignal(int signal);

  // Of the process, once the loop has ended: 0 or kExitStartAnew.
  int code() const { return code_; }

 private:
  void Upgrade();
  void EndSession();

  EventLoop& loop_;
  AgentState* state_ = nullptr;
  ControllerSession* session_ = nullptr;
  bool shutting_down_ = false;
  int code_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_AGENT_ENDING_H_
