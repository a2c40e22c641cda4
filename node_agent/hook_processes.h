// Hooks as processes of this machine.
#ifndef FLEET_NODE_AGENT_HOOK_PROCESSES_H_
#define FLEET_NODE_AGENT_HOOK_PROCESSES_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node_agent/hook_runtime.h"
#include "node_agent/keeper_client.h"
#include "node_agent/log_pump.h"
#include "node_agent/process_tree.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// The keeper starts them and holds their output, so a hook outlives its agent:
// the next one finds it by its tag and waits for its end. The whole tree is
// killed at the timeout, and what a hook leaves running when it ends.
//
// Both outputs go into one pipe, and from there to the app's logs, as those of
// no instance in particular; a line that names hook and revision comes first.
//
// LocalWorkerRuntime owns it and passes the keeper's events on. Loop thread
// only. One per app at a time is the caller's rule.
class HookProcesses : public HookRuntime {
 public:
  // Makes the request that starts an order's command, its outputs at `out`.
  using Prepare = std::function<absl::StatusOr<SpawnRequest>(
      const HookOrder& order, int out)>;

  // All outlive it.
  HookProcesses(EventLoop& loop, KeeperClient& keeper, ProcessTree& tree,
                LogPump& logs, Prepare prepare);
  ~HookProcesses() override;
  HookProcesses(const HookProcesses&) = delete;
  HookProcesses& operator=(const HookProcesses&) = delete;

  void SetHookListener(Listener* listener) override { listener_ = listener; }
  void RunHook(const HookKey& key, const HookOrder& order) override;
  std::vector<HookKey> AdoptedHooks() const override;
  void KillHooks() override;

  // A process of the keeper's inventory. False: it is no hook, and its output
  // stays the caller's.
  bool Adopt(const Inventory::Process& process, UniqueFd& output);
  bool Contains(WorkerId id) const { return runs_.contains(id); }

  // KeeperClient::Events; false: it is none of the hooks.
  bool OnSpawned(WorkerId id, pid_t pid, uint64_t start_ticks);
  bool OnSpawnFailed(WorkerId id, const std::string& step, int error_number);
  bool OnExited(WorkerId id, ProcessExit exit);

 private:
  struct Run {
    HookKey key;
    absl::Time start_time;  // Calendar time.
    absl::Duration timeout;
    WorkerRoot root;  // pid 0: not started yet.
    bool timed_out = false;
    bool stopped = false;  // By KillHooks.
    bool ended = false;
    bool adopted = false;
    int kills = 0;
    EventLoop::TimerId timer = 0;
  };

  absl::Status Start(const HookKey& key, const HookOrder& order);
  void ArmTimeout(WorkerId id, absl::Duration left);
  void Kill(WorkerId id);
  HookEnd EndOf(WorkerId id, const Run& run, const ProcessExit& exit) const;
  void Tell(const HookKey& key, HookEnd end);
  void CleanUp(WorkerId id);

  EventLoop& loop_;
  KeeperClient& keeper_;
  ProcessTree& tree_;
  LogPump& logs_;
  const Prepare prepare_;
  Listener* listener_ = nullptr;
  std::map<WorkerId, Run> runs_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOOK_PROCESSES_H_
