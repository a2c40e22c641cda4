// AgentState: the hooks of its apps.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/agent_state.h"

namespace fleet::agent {

// What the journal says is running and nobody runs has ended unseen.
void AgentState::AdoptHooks() {
  std::vector<HookKey> live;
  if (hooks_ != nullptr) {
    hooks_->SetHookListener(this);
    live = hooks_->AdoptedHooks();
  }
  std::vector<HookKey> lost;
  for (const auto& [uid, app] : apps_) {
    for (const HookRecord& hook : app->state().hooks) {
      const HookKey key{uid, hook.id};
      const bool lives = std::find(live.begin(), live.end(), key) != live.end();
      if (hook.phase == HookPhase::kRunning && !lives) lost.push_back(key);
    }
  }
  for (const HookKey& key : lost) {
    apps_.at(key.app_uid)
        ->OnHookEnded(key.id, {false,
                               "its outcome is not known: the agent and what "
                               "ran the hook ended while it ran. It may have "
                               "done all, a part or nothing of its work, and "
                               "is not run again by itself",
                               {}});
  }
}

absl::Status AgentState::SaveHooks(const AppSupervisor& supervisor) {
  std::vector<v1::HookResult> hooks;
  for (const HookRecord& hook : supervisor.state().hooks) {
    hooks.push_back(ToProto(hook));
  }
  return journal_.SaveHooks(supervisor.state().target.app_uid, hooks);
}

void AgentState::RunHook(const AppSupervisor& supervisor,
                         const HookOrder& order) {
  const HookKey key{supervisor.state().target.app_uid, order.id};
  spdlog::info("app {} runs hook {}: {}", supervisor.state().target.app,
               order.id, order.hook.command);
  if (hooks_ != nullptr && order.spec_error.empty()) {
    return hooks_->RunHook(key, order);
  }
  const std::string why = hooks_ == nullptr
                              ? "not run: this agent runs no hooks"
                              : absl::StrCat("not run: ", order.spec_error);
  loop_.Post([this, alive = std::weak_ptr<bool>(alive_), key, why] {
    if (alive.lock()) OnHookEnded(key, {false, why, {}});
  });
}

// Its app may be gone, or have forgotten it.
void AgentState::OnHookEnded(const HookKey& key, HookEnd end) {
  auto app = apps_.find(key.app_uid);
  if (app == apps_.end() || app->second->forgotten()) return;
  app->second->OnHookEnded(key.id, std::move(end));
}

}  // namespace fleet::agent
