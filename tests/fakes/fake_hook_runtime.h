// Hooks that end when a test says so.
#ifndef FLEET_TESTS_FAKES_FAKE_HOOK_RUNTIME_H_
#define FLEET_TESTS_FAKES_FAKE_HOOK_RUNTIME_H_

#include <string>
#include <utility>
#include <vector>

#include "node_agent/hook_runtime.h"

namespace fleet::agent {

// Outlives the agents that use it, as a keeper does.
class FakeHookRuntime : public HookRuntime {
 public:
  void SetHookListener(Listener* listener) override { listener_ = listener; }
  void RunHook(const HookKey& key, const HookOrder& order) override {
    orders.push_back(order);
    running.push_back(key);
  }
  std::vector<HookKey> AdoptedHooks() const override { return running; }
  void KillHooks() override {}

  // The oldest that runs.
  void End(HookEnd end) {
    const HookKey key = running.front();
    running.erase(running.begin());
    if (listener_ != nullptr) listener_->OnHookEnded(key, std::move(end));
  }

  std::vector<HookOrder> orders;  // All there ever were.
  std::vector<HookKey> running;

 private:
  Listener* listener_ = nullptr;
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_FAKES_FAKE_HOOK_RUNTIME_H_
