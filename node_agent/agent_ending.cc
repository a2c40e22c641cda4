#include "node_agent/agent_ending.h"

#include <spdlog/spdlog.h>

#include <csignal>
#include <utility>

#include "node_agent/agent_options.h"
#include "node_agent/agent_state.h"
#include "node_agent/controller_session.h"

namespace fleet::agent {

void AgentEnding::Set(AgentState* state, ControllerSession* session) {
  state_ = state;
  session_ = session;
}

void AgentEnding::OnSignal(int signal) {
  if (signal == SIGHUP) return Upgrade();
  // In an upgrade the keeper tells the next program.
  if (code_ != 0 || std::exchange(shutting_down_, true)) return;
  spdlog::info("signal {}: workers are stopped", signal);
  if (state_ == nullptr) return loop_.Stop();
  state_->ShutDown([this] { EndSession(); });
}

void AgentEnding::Upgrade() {
  if (shutting_down_ || code_ != 0) return;
  spdlog::info("upgrade: this program ends, the workers go on");
  code_ = kExitStartAnew;
  EndSession();
}

void AgentEnding::EndSession() {
  if (session_ == nullptr) return loop_.Stop();
  session_->Stop([this] { loop_.Stop(); });
}

}  // namespace fleet::agent
