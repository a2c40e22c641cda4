// An app and a world in which nothing happens that a test does not say.
#ifndef FLEET_TESTS_NODE_AGENT_RECONCILE_SCENE_H_
#define FLEET_TESTS_NODE_AGENT_RECONCILE_SCENE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/app_events.h"
#include "node_agent/app_reconciler.h"
#include "node_agent/app_restore.h"
#include "node_agent/app_state.h"
#include "node_agent/hook_step.h"
#include "node_agent/renewal.h"

namespace fleet::agent {

// Sends events to the reconciler and notes what it orders, one word an order:
// "start 0@2" (slot 0, generation 2), "stop 0@1", "kill 0@1", "release 3",
// "release app", "save", "forget", "hook pre_reload.2" (its id). Opening
// sockets is not noted.
class ReconcileScene : public WorkerIdSource {
 public:
  using Orders = std::vector<std::string>;

  ReconcileScene();

  // Of generation 1 with two instances, surge, 3 s of soak; a test changes it
  // and gives it to Accept.
  AppTarget& target() { return target_; }
  AppSpec& spec() { return spec_; }

  // With the spec as it is now.
  Orders Accept();
  // The next generation (and revision), else the same.
  Orders NextGeneration();
  // The agent dies, all its workers live, and another takes over what the
  // journal has: `result` of its last step, and the slots.
  Orders RestartAgent();
  // Likewise after a power loss: no worker lives.
  Orders RestartHost();

  // Events of the live (else the newest) worker of a slot and generation.
  Orders Ready(int slot, int64_t generation);
  Orders Unready(int slot, int64_t generation, const std::string& detail = "");
  Orders Exit(int slot, int64_t generation, int code);
  Orders End(int slot, int64_t generation, WorkerExit exit);
  // The same of the newest live worker of a slot.
  Orders ReadyNewest(int slot);
  Orders ExitNewest(int slot, int code);
  // A sample of a live worker's memory; the newest one's.
  Orders Memory(int slot, int64_t rss_bytes);
  Orders Renew(RenewalCause cause, const std::string& reason);
  // RenewOne; its refusal is the only order then.
  Orders RestartSlot(int slot, bool stop_first);
  Orders Unhealthy(int slot, const std::string& why);
  Orders Extend(int slot, absl::Duration extension);
  // A hook that was ordered ends; "exit code 1 after 1s" when it failed.
  Orders EndHook(const std::string& id, bool success);
  // Another app holds this one; empty: none.
  Orders Hold(const std::string& by);
  // Texts of its events, "slot: text".
  std::vector<std::string> Events() const;
  // Its main process and its tree have ended, as asked.
  Orders Gone(int slot, int64_t generation);
  // All that were told to end have ended.
  Orders AllStoppedGone();
  // Time passes: the reconciler is woken as often as it asked for.
  Orders Pass(absl::Duration d);

  // A running app: generation 1, all slots available, DONE.
  void Settle();

  AppState& app() { return app_; }
  const StepState& step() const { return app_.step; }
  const Slot& slot(int index) const { return app_.slots.at(index); }
  int LiveWorkers(int64_t generation) const;
  absl::Time now() const { return now_; }
  // As the journal would have it.
  SavedApp saved() const;

  WorkerId NextWorkerId() override { return next_id_++; }

 private:
  Worker& Find(int slot, int64_t generation);
  Worker& Newest(int slot);
  Orders EndWorker(WorkerId id, const WorkerExit& exit);
  Orders Reconcile();

  AppSpec spec_;
  AppTarget target_;
  AppState app_;
  absl::Time now_ = absl::FromUnixSeconds(1000);
  absl::Time wake_up_ = absl::InfiniteFuture();
  WorkerId next_id_ = 1;
  std::vector<AppTarget> accepted_;
  std::map<WorkerId, WorkerIdentity> started_;
  std::map<int, int64_t> saved_slots_;
  std::optional<StepState> saved_result_;
  std::vector<HookRecord> saved_hooks_;
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_NODE_AGENT_RECONCILE_SCENE_H_
