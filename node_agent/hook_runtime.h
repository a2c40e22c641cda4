// Runs hooks. It carries out and reports; which to run, and when, is decided
// elsewhere (hook_step.h).
#ifndef FLEET_NODE_AGENT_HOOK_RUNTIME_H_
#define FLEET_NODE_AGENT_HOOK_RUNTIME_H_

#include <string>
#include <vector>

#include "node_agent/hook_state.h"

namespace fleet::agent {

// Which hook of which app.
struct HookKey {
  std::string app_uid;
  std::string id;  // HookOrder::id.

  bool operator==(const HookKey&) const = default;
};

// Implemented by HookProcesses, and by fakes in tests. Loop thread only.
class HookRuntime {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // Once per hook, from the loop and never from inside RunHook. When it
    // returns, what must be kept of it is kept: the runtime forgets it.
    virtual void OnHookEnded(const HookKey& key, HookEnd end) = 0;
  };

  virtual ~HookRuntime() = default;
  virtual void SetHookListener(Listener* listener) = 0;
  // Starts it; that it cannot be started is an end too.
  virtual void RunHook(const HookKey& key, const HookOrder& order) = 0;
  // Those that an agent before us began and whose end is still to be told.
  // After WorkerRuntime::Adopt.
  virtual std::vector<HookKey> AdoptedHooks() const = 0;
  // The host is being shut down: kills them all.
  virtual void KillHooks() = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOOK_RUNTIME_H_
