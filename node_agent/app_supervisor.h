// Runs one app: feeds its reconciler and carries out what it plans.
#ifndef FLEET_NODE_AGENT_APP_SUPERVISOR_H_
#define FLEET_NODE_AGENT_APP_SUPERVISOR_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "node_agent/app_state.h"
#include "node_agent/reconcile_plan.h"
#include "node_agent/renewal_triggers.h"
#include "node_agent/secret_mask.h"
#include "node_agent/slot_run.h"
#include "node_agent/worker_runtime.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// AgentState owns one per app. Loop thread only.
class AppSupervisor {
 public:
  // What it asks of its owner, during its own calls.
  class Owner : public WorkerIdSource {
   public:
    // Events of this worker belong to `supervisor` (nullptr: to nobody).
    virtual void Route(WorkerId id, AppSupervisor* supervisor) = 0;
    // The state differs from what was last reported.
    virtual void OnChanged(const AppSupervisor& supervisor) = 0;
    // Puts them on disk. A failure is the owner's to repeat.
    virtual void SaveResult(const AppSupervisor& supervisor) = 0;
    virtual void SaveSlots(const AppSupervisor& supervisor) = 0;
    // The hooks, as they are now.
    virtual absl::Status SaveHooks(const AppSupervisor& supervisor) = 0;
    virtual void RunHook(const AppSupervisor& supervisor,
                         const HookOrder& order) = 0;
    // What a slot has been through; false: it could not be saved.
    virtual bool SaveRun(const AppSupervisor& supervisor, int slot) = 0;
    // What people should know of, likewise.
    virtual bool SaveEvents(const AppSupervisor& supervisor) = 0;
    // The app is gone; the owner deletes the supervisor, later.
    virtual void OnForgotten(const AppSupervisor& supervisor) = 0;
    // Something of this name is still being removed: nothing may start yet.
    virtual bool MustWait(const AppSupervisor& supervisor) const = 0;
    // See AppState::held_by.
    virtual std::string HeldBy(const AppSupervisor& supervisor) const = 0;
    virtual const std::string& host_name() const = 0;
  };

  AppSupervisor(EventLoop& loop, WorkerRuntime& runtime, Owner& owner,
                AppState state);
  ~AppSupervisor();
  AppSupervisor(const AppSupervisor&) = delete;
  AppSupervisor& operator=(const AppSupervisor&) = delete;

  void Accept(AppTarget target);
  // Before the first Schedule. `spec` is what it was started from.
  void Adopt(const AdoptedWorker& worker, std::shared_ptr<const AppSpec> spec);
  // Stops all workers; nothing of it is journaled.
  void ShutDown();

  // Its memory, as just sampled.
  void OnSample(const WorkerSample& sample);

  // Of its spec, what this host cannot go by.
  std::string problem() const { return triggers_.problem(); }

  // The count of restarts starts anew, of one slot or of all. Returns how many
  // slots that were.
  int ResetRestarts(std::optional<int> slot);
  // As RenewOne. The slot is there.
  absl::StatusOr<std::vector<WorkerId>> RestartSlot(int slot, bool stop_first);

  // Reconciles at the end of this turn of the loop; many calls, one pass.
  void Schedule();

  // See WorkerListener.
  void OnStarted(WorkerId id, pid_t pid);
  void OnReadiness(WorkerId id, bool ready, const std::string& detail);
  void OnReadinessDetail(WorkerId id, const std::string& detail);
  void OnStatusText(WorkerId id, const std::string& text);
  void OnUnhealthy(WorkerId id, const std::string& why);
  void OnExtend(WorkerId id, absl::Duration extension);
  void OnExited(WorkerId id, const WorkerExit& exit);
  void OnGone(WorkerId id);

  // A hook that was ordered has ended; it is saved when this returns.
  void OnHookEnded(const std::string& id, HookEnd end);

  const AppState& state() const { return state_; }
  // Its app is gone; it does nothing any more.
  bool forgotten() const { return forgotten_; }

 private:
  void Run();
  void Perform(const Plan& plan);
  void RunHook(const std::string& id);
  // Carries out one action. `sockets` is what PrepareSockets said last.
  void Perform(const Action& action, absl::Status& sockets);
  void Start(const Action& action, const absl::Status& sockets);
  // As if it had been started and had ended like this.
  void FailStart(WorkerId id, const absl::Status& why);
  void WakeAt(absl::Time when);
  void LogEvents();
  // The last words of who failed the step alive.
  void TakeLastWords();
  // What a worker wrote last, fit to be told.
  std::vector<std::string> LastWords(WorkerId id) const;
  // Of what workers and hooks are given, now or by a target before.
  SecretMask Secrets() const;
  void SaveRuns();
  void SaveEvents();
  void FollowTriggers();
  void Changed();

  EventLoop& loop_;
  WorkerRuntime& runtime_;
  Owner& owner_;
  AppState state_;
  bool scheduled_ = false;
  bool forgotten_ = false;
  EventLoop::TimerId timer_ = 0;
  int64_t events_logged_ = 0;
  int64_t events_saved_ = 0;
  std::map<int, SlotRunMark> saved_runs_;  // As the journal has them.
  RenewalTriggers triggers_;
  bool accepted_ = false;  // A target, since this agent started.
  // Guards tasks that were posted against our end.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Slot → generation, as the journal keeps it.
std::map<int, int64_t> SlotGenerations(const AppState& app);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_APP_SUPERVISOR_H_
