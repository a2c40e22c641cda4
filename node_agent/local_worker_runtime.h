// The workers of this machine.
#ifndef FLEET_NODE_AGENT_LOCAL_WORKER_RUNTIME_H_
#define FLEET_NODE_AGENT_LOCAL_WORKER_RUNTIME_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "node_agent/accepted_by.h"
#include "node_agent/hook_processes.h"
#include "node_agent/keeper_client.h"
#include "node_agent/lane_drain.h"
#include "node_agent/lane_plan.h"
#include "node_agent/live_worker.h"
#include "node_agent/log_pump.h"
#include "node_agent/node_cluster.h"
#include "node_agent/notify_socket.h"
#include "node_agent/pending_handshakes.h"
#include "node_agent/process_sampler.h"
#include "node_agent/process_tree.h"
#include "node_agent/runtime_worker.h"
#include "node_agent/side_commands.h"
#include "node_agent/socket_registry.h"
#include "node_agent/worker_confiner.h"
#include "node_agent/worker_launch.h"
#include "node_agent/worker_pipes.h"
#include "node_agent/worker_runtime.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// WorkerRuntime over a keeper, a log pump and the kernel. What it holds in the
// keeper, so that a later agent goes on with it:
//   sock/<app uid>/<address>/<slot>   listening sockets (address_sockets.h)
//   order/<app uid>/<address>         their order (address_sockets.h)
//   data/<app uid>                    what Node workers share
//   ipc/<worker>, note/<worker>       channel, progress
//   log/<worker>/out, …/err           read ends of the output pipes; these and
//                                     ipc/ go with AckExit
//   in/<worker>, bind/<worker>        an input pipe; where bind() calls wait
//   notify                            the notify socket
//
// A slot's worker and its replacement have a lane each (lane_plan.h). When a
// worker is to stop, its lane leaves the program in the same step in which its
// replacement's, if that is ready, enters; it is asked to stop once its lane
// has had its last connection (lane_drain.h; at most 1 s later), unless nobody
// else serves. Loop thread only.
class LocalWorkerRuntime : public WorkerRuntime,
                           public KeeperClient::Events,
                           public LiveWorker::Watcher {
 public:
  struct Options {
    std::string host_name;     // FLEET_HOST.
    std::string bind_address;  // Wildcard addresses are opened here; may be "".
    // For the notify socket and the drain preload: a folder that workers of
    // every user can reach.
    std::string runtime_dir;
    // StateFolder::first_worker_id: whose processes are this host's. 0: none
    // are looked for.
    WorkerId first_worker_id = 0;
    // What this host allows; null: everything. Outlives the runtime.
    const HostPolicy* policy = nullptr;
  };

  // All references outlive it; `inventory` is what the keeper had.
  LocalWorkerRuntime(EventLoop& loop, const Clock& clock, KeeperClient& keeper,
                     LogPump& logs, Options options, Inventory inventory);
  ~LocalWorkerRuntime() override;

  // Why workers get no notify socket or no drain preload; OK: they do.
  const absl::Status& status() const { return status_; }

  HookRuntime& hooks() { return hooks_; }

  void SetListener(WorkerListener* listener) override;
  std::vector<AdoptedWorker> Adopt(SpecOf spec_of, void* context) override;
  absl::Status PrepareSockets(const std::string& app_uid, const AppSpec& spec,
                              int slots) override;
  void Start(const WorkerIdentity& wanted, std::shared_ptr<const AppSpec> spec,
             int slots) override;
  void BeginStop(WorkerId id) override;
  void Signal(WorkerId id, int signal) override;
  absl::Status Send(WorkerId id, const std::string& text) override;
  void CallAction(WorkerId id, const ActionRequest& request,
                  ActionDone done) override;
  std::vector<Fact> Inspect(WorkerId id) override;
  void Kill(WorkerId id) override;
  void ReleaseSlot(const std::string& app_uid, int slot) override;
  void ReleaseApp(const std::string& app_uid) override;
  std::vector<LimitNote> LimitsOf(const AppSpec& spec) override;
  std::vector<std::string> StderrTail(WorkerId id, int lines) const override;
  std::vector<WorkerSample> Sample() override;

 private:
  using Entry = RuntimeWorker;
  using App = RuntimeApp;

  // KeeperClient::Events.
  void OnSpawned(WorkerId id, pid_t pid, uint64_t start_ticks) override;
  void OnSpawnFailed(WorkerId id, const std::string& step,
                     int error_number) override;
  void OnExited(WorkerId id, ProcessExit exit) override;
  // LiveWorker::Watcher.
  void OnWorkerReadiness(LiveWorker& worker, bool ready_changed) override;
  void OnWorkerSockets(LiveWorker& worker) override;
  bool SharesSocket(const LiveWorker& worker,
                    const AddressSockets& sockets) const override;
  void OnWorkerUnhealthy(LiveWorker& worker, const std::string& why) override;
  std::unique_ptr<ProbeRun> RunBeside(const LiveWorker& worker,
                                      const ProbeRequest& request,
                                      ProbeDone done) override;
  void OpenNotifySocket(UniqueFd held);
  void OnNotify(pid_t sender, const NotifyMessage& message);
  WorkerId WorkerOfProcess(pid_t pid) const;
  void ChangeMain(Entry& entry, pid_t pid);
  void SortHeld(std::map<WorkerId, HeldParts>& parts,
                std::map<std::string, UniqueFd>& data);
  void AdoptOne(Inventory::Process& process, HeldParts parts, SpecOf spec_of,
                void* context, std::vector<AdoptedWorker>& adopted);
  static void TellLost(const Inventory::Process& process,
                       const HeldParts& parts, const AppSpec& spec);
  void EndUnrecorded();
  void StopUnknown(WorkerId id);
  void EndStranger(const Inventory::Process& process);

  void PrepareSparePipes();
  absl::StatusOr<WorkerPipes> TakePipes(const AppSpec& spec);
  absl::StatusOr<SpawnRequest> Launch(Entry& entry, WorkerPipes& pipes,
                                      bool* listen_failed);
  absl::StatusOr<std::vector<LaunchFds::Listen>> DeclaredSockets(
      const WorkerIdentity& identity, const AppSpec& spec, int slots,
      const WorkerUser& user);
  int KillTree(const LiveWorker& worker);
  // Of the host, looked at once.
  absl::Status MayTakeOver(const WorkerIdentity& identity);
  void AttachPipes(Entry& entry, UniqueFd out, UniqueFd err, UniqueFd channel);
  void FailStart(WorkerId id, WorkerExit exit);

  NodeSharedData& SharedData(const std::string& app_uid);
  Entry* Find(WorkerId id);
  LiveWorker& AddWorker(const WorkerIdentity& identity,
                        std::shared_ptr<const AppSpec> spec, int slots,
                        UniqueFd note);
  // local_worker_sockets.cc.
  std::vector<LaneUse> LaneUses(const std::string& app_uid) const;
  int HomeLane(const std::string& app_uid, int slot) const;
  void AdoptHomes(const std::string& app_uid);
  void UpdateLanes(const std::string& app_uid);
  void BeginDrain(Entry& entry);
  bool NeedsNoDrain(const LiveWorker& worker) const;
  void DrainLane(WorkerId id);
  void CloseUnused(const std::string& app_uid);
  void CloseReleased(const std::string& app_uid);
  void SettleSockets(Entry& entry);
  void TellGone(WorkerId id, Entry& entry);
  void CleanUp(WorkerId id);
  void CleanUpLater(WorkerId id);
  void Forget(WorkerId id);

  EventLoop& loop_;
  const Clock& clock_;
  KeeperClient& keeper_;
  LogPump& logs_;
  const Options options_;
  Inventory inventory_;
  absl::Status status_;
  WorkerListener* listener_ = nullptr;
  SocketRegistry sockets_;
  ProcessTree tree_;
  pid_t tree_keeper_;
  AcceptedBy accepted_by_;
  PendingHandshakes handshakes_;
  SideCommands commands_;
  HookProcesses hooks_;
  WorkerConfiner confiner_;
  bool takeover_checked_ = false;
  absl::Status takeover_;
  ProcessSampler sampler_;
  std::unique_ptr<NotifySocket> notify_;
  std::unique_ptr<WorkerLaunch> launch_;
  WorkerSurroundings around_;
  std::optional<WorkerPipes> spare_pipes_;
  std::vector<WorkerId> gone_;  // To be cleaned up.
  absl::Time first_gone_;       // When the first of them was told.
  EventLoop::TimerId clean_up_timer_ = 0;
  std::map<std::string, App> apps_;  // By uid.
  std::map<WorkerId, Entry> workers_;
  // Processes of an inventory that are nobody's any more.
  std::set<WorkerId> strangers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOCAL_WORKER_RUNTIME_H_
