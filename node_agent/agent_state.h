// All apps of this host.
#ifndef FLEET_NODE_AGENT_AGENT_STATE_H_
#define FLEET_NODE_AGENT_AGENT_STATE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "fleet/v1/agent_service.pb.h"
#include "node_agent/app_supervisor.h"
#include "node_agent/desired_journal.h"
#include "node_agent/desired_state_acceptor.h"
#include "node_agent/hook_runtime.h"
#include "node_agent/status_report.h"
#include "node_agent/worker_runtime.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/sealed_text.h"

namespace fleet::agent {

// Takes desired state (journals it, then acts on it), routes the runtime's
// events to the apps, and collects what changed for the next report. main owns
// it; the session asks it. Loop thread only.
class AgentState : public WorkerListener,
                   private HookRuntime::Listener,
                   private AppSupervisor::Owner {
 public:
  // What the controller does not know yet.
  struct Changes {
    std::vector<v1::AppStatus> apps;
    std::vector<std::string> removed_app_uids;

    bool empty() const { return apps.empty() && removed_app_uids.empty(); }
  };

  // All are the caller's and outlive it. `cores` is the host's.
  AgentState(EventLoop& loop, WorkerRuntime& runtime, DesiredJournal& journal,
             int cores, std::string host_name = "localhost");
  ~AgentState() override;

  // Seals what apps are given in secret; it outlives this. Before Start.
  void SetSecretKey(const SealingKey* key) { secret_key_ = key; }
  // What the host's policy says of a target. Before Start.
  void SetTargetCheck(TargetCheck check) { target_check_ = std::move(check); }

  // Runs hooks; it outlives this. Before Start; without it they fail.
  void SetHookRuntime(HookRuntime* hooks) { hooks_ = hooks; }

  // Takes over the workers that live and brings up what the journal says.
  // Once, before the loop runs. Worker ids are not below `first_worker_id`.
  void Start(WorkerId first_worker_id);

  // Accepts what it can and says what not. Journaled when it returns OK.
  v1::DesiredStateAck Accept(const v1::DesiredState& wanted);
  // Of its journal.
  std::string folder() const {
    return journal_.path().substr(0, journal_.path().rfind('/'));
  }
  int64_t epoch() const { return journal_.contents().epoch; }

  // Called when there is something to report, once until the next Take….
  void SetOnChange(std::function<void()> on_change);
  Changes TakeChanges();
  // All apps; nothing counts as changed afterwards.
  std::vector<v1::AppStatus> TakeAll();

  // nullptr: this host does not have the app.
  AppSupervisor* Find(const std::string& app_uid);

  // Newest samples of the workers, which are taken every kSamplePeriod while
  // there are any, also without a controller. Later reports carry them too.
  static constexpr absl::Duration kSamplePeriod = absl::Seconds(2);
  std::vector<v1::InstanceSample> Sample();

  // Stops all workers within their kill_timeout, then calls `done`. The
  // desired state stays, and the next start starts them again.
  void ShutDown(std::function<void()> done);

 private:
  // WorkerListener.
  void OnStarted(WorkerId id, pid_t pid) override;
  void OnReadiness(WorkerId id, bool ready, const std::string& detail) override;
  void OnReadinessDetail(WorkerId id, const std::string& detail) override;
  void OnStatusText(WorkerId id, const std::string& text) override;
  void OnUnhealthy(WorkerId id, const std::string& why) override;
  void OnExtend(WorkerId id, absl::Duration extension) override;
  void OnExited(WorkerId id, const WorkerExit& exit) override;
  void OnGone(WorkerId id) override;

  // HookRuntime::Listener.
  void OnHookEnded(const HookKey& key, HookEnd end) override;

  // AppSupervisor::Owner.
  WorkerId NextWorkerId() override;
  void Route(WorkerId id, AppSupervisor* supervisor) override;
  void OnChanged(const AppSupervisor& supervisor) override;
  void SaveResult(const AppSupervisor& supervisor) override;
  void SaveSlots(const AppSupervisor& supervisor) override;
  absl::Status SaveHooks(const AppSupervisor& supervisor) override;
  void RunHook(const AppSupervisor& supervisor,
               const HookOrder& order) override;
  bool SaveRun(const AppSupervisor& supervisor, int slot) override;
  bool SaveEvents(const AppSupervisor& supervisor) override;
  void OnForgotten(const AppSupervisor& supervisor) override;
  bool MustWait(const AppSupervisor& supervisor) const override;
  std::string HeldBy(const AppSupervisor& supervisor) const override;
  const std::string& host_name() const override { return host_name_; }

  static std::shared_ptr<const AppSpec> SpecOf(void* self,
                                               const WorkerIdentity& identity);
  AppSupervisor& Supervisor(const std::string& app_uid, AppState state);
  void RestoreApps();
  void AdoptWorkers();
  void AdoptHooks();
  void RemoveUnknown(const v1::DesiredState& wanted);
  // If it has been forgotten.
  void Erase(const std::string& app_uid);
  v1::AppStatus StatusOf(const AppSupervisor& supervisor) const;
  void NoteChange();
  const AppState* FindByName(const std::string& app) const;
  // Others that wait for it look again.
  void WakeDependents(const AppSupervisor& supervisor);
  void ScheduleSample();
  void TakeSamples();
  void RetryLater();
  void RetryUnsaved();
  void FinishShutDown();

  EventLoop& loop_;
  WorkerRuntime& runtime_;
  DesiredJournal& journal_;
  const int cores_;
  const SealingKey* secret_key_ = nullptr;
  HookRuntime* hooks_ = nullptr;
  TargetCheck target_check_;
  const std::string host_name_;

  std::map<std::string, std::unique_ptr<AppSupervisor>> apps_;  // By app_uid.
  std::unordered_map<WorkerId, AppSupervisor*> route_;
  WorkerId next_worker_id_ = 1;

  std::function<void()> on_change_;
  bool change_noted_ = false;
  std::set<std::string> changed_;
  std::vector<std::string> removed_;
  WorkerSamples samples_;
  absl::Time sampled_at_ = absl::InfinitePast();
  EventLoop::TimerId sample_timer_ = 0;
  // Apps whose last result could not be written, and why; tried again every
  // second, as are slots and runs.
  std::map<std::string, std::string> unsaved_;
  std::set<std::string> slots_unsaved_;  // Apps whose slots could not be.
  EventLoop::TimerId retry_timer_ = 0;
  bool runs_saved_ = true;    // All that were to be.
  bool runs_warned_ = false;  // Since they last were.
  std::function<void()> shut_down_done_;
  // Guards tasks that were posted against our end.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_AGENT_STATE_H_
