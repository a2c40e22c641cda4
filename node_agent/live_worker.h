// One worker, from its start until nothing is left of it.
#ifndef FLEET_NODE_AGENT_LIVE_WORKER_H_
#define FLEET_NODE_AGENT_LIVE_WORKER_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/accepted_by.h"
#include "node_agent/action_calls.h"
#include "node_agent/bind_takeover.h"
#include "node_agent/held_note.h"
#include "node_agent/liveness_monitor.h"
#include "node_agent/node_channel.h"
#include "node_agent/node_cluster.h"
#include "node_agent/notify_message.h"
#include "node_agent/probe.h"
#include "node_agent/process_tree.h"
#include "node_agent/readiness_monitor.h"
#include "node_agent/socket_registry.h"
#include "node_agent/worker_runtime.h"
#include "node_agent/worker_tag.h"

namespace fleet::agent {

// What workers need of the agent; outlives them.
struct WorkerSurroundings {
  EventLoop& loop;
  KeeperClient& keeper;
  SocketRegistry& sockets;
  ProcessTree& tree;
  AcceptedBy& accepted_by;
};

// Joins what the worker says (channel, sd_notify) and what its probes say into
// its readiness, answers its questions for sockets, and asks it to stop.
//
// LocalWorkerRuntime owns it. Loop thread only.
class LiveWorker : public NodeChannel::Listener,
                   public NodeCluster::Host,
                   public BindTakeover::Host {
 public:
  // Called from the loop, never from inside a call of the worker.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void OnWorkerReadiness(LiveWorker& worker, bool ready_changed) = 0;
    // It takes connections now, or no longer does, or opened or closed one of
    // its addresses.
    virtual void OnWorkerSockets(LiveWorker& worker) = 0;
    // Another worker may accept what is meant for this one.
    virtual bool SharesSocket(const LiveWorker& worker,
                              const AddressSockets& sockets) const = 0;
    // It lives and does not serve. Once.
    virtual void OnWorkerUnhealthy(LiveWorker& worker,
                                   const std::string& why) = 0;
    // Runs the command of an exec probe.
    virtual std::unique_ptr<ProbeRun> RunBeside(const LiveWorker& worker,
                                                const ProbeRequest& request,
                                                ProbeDone done) = 0;
  };

  LiveWorker(const WorkerSurroundings& around, Watcher& watcher,
             WorkerIdentity identity, std::shared_ptr<const AppSpec> spec,
             int slots, HeldNote note);
  ~LiveWorker() override;

  // Node: our end of its channel, and what its app's workers share.
  void AttachChannel(UniqueFd channel, NodeSharedData& data);
  // The write end of its standard input; not valid: it has none.
  void AttachInput(UniqueFd input) { input_ = std::move(input); }
  // What the keeper holds as BindsName; invalid: nothing is taken over.
  void AttachBinds(UniqueFd binds);
  static std::string BindsName(WorkerId id);
  void SetOwner(uid_t uid, gid_t gid);
  // Where it will write down how far the worker is ready, which nobody could
  // find out again; -1: there is nothing to write down.
  int MakeNote();
  void OnSpawned(pid_t pid, uint64_t start_ticks);
  // OnSpawned for one that an agent before us started; true: it is ready
  // already, and that is not told again.
  bool OnAdopted(pid_t pid, uint64_t start_ticks);
  void OnNotify(const NotifyMessage& message);
  // It goes on as another process.
  void SetMain(pid_t pid, uint64_t start_ticks);
  // The main process has ended: closes the channel, stops the probes.
  void OnEnded();
  // Nothing is left of it: the keeper lets go of its note.
  void DropHeld();
  // Not ready from here on, and nothing more is told of its readiness.
  void MarkStopping();
  // A message of the user's, to its standard input if it has one, else over
  // its channel. FAILED_PRECONDITION: it has neither; INVALID_ARGUMENT;
  // RESOURCE_EXHAUSTED: it does not read.
  absl::Status SendMessage(const std::string& text);
  void CallAction(const ActionRequest& request, ActionDone done);
  const ActionCalls& actions() const { return actions_; }
  // Once: the message, disconnect or signal of its spec.
  void AskToStop();
  // Its lane gets connections from now on.
  void NoteServing();

  const WorkerIdentity& identity() const { return identity_; }
  std::string LogName() const;
  const std::shared_ptr<const AppSpec>& spec() const { return spec_; }
  int slots() const { return slots_; }
  WorkerRoot root() const;
  pid_t pid() const { return pid_; }
  bool ended() const { return ended_; }
  bool stopping() const { return stopping_; }
  // AskToStop, by this agent or one before it.
  bool asked_to_stop() const { return asked_; }
  // NoteServing, likewise.
  bool has_served() const { return progress_.serving; }
  SlotLane at() const { return {identity_.slot, identity_.lane}; }
  bool ready() const { return monitor_.ready(); }
  std::string detail() const { return monitor_.detail(); }
  bool has_channel() const { return channel_ != nullptr && channel_->open(); }
  bool was_ready() const { return was_ready_; }
  // Node: as it told last.
  std::optional<double> event_loop_free() const { return event_loop_free_; }
  // Connections may be sent to its lane. One that served under an agent before
  // this keeps doing so until its first probe has said otherwise.
  bool TakesConnections() const;
  // Keys of the addresses it has declared or opened.
  std::set<std::string> AddressesInUse() const;
  // Why it was refused an address; empty: it was not.
  const std::string& refusal() const { return refusal_; }

 private:
  class SlotRoute;

  void OnNodeMessage(const NodeMessage& message) override;
  void OnNodeChannelClosed() override;
  void OnLongLine(bool inside) override;
  absl::StatusOr<SlotSocket> OpenSocket(const ListenAddress& address,
                                        int* error_number) override;
  absl::StatusOr<ListenAddress> DeclaredAddress(int fd) override;
  void SendToWorker(const std::string& line, int fd) override;
  void OnSocketTaken(const std::string& key) override;
  void OnSocketRefused(const absl::Status& why) override;

  void RestoreProgress();
  void SaveProgress();
  void TellSockets();
  std::unique_ptr<ProbeRun> StartProbe(const ProbeRequest& request,
                                       ProbeDone done);
  ProbeTarget TargetOf(const ProbeRequest& request);
  void OnReadinessChanged(bool ready_changed);
  std::string PidFile() const;
  void NotePid();
  absl::Status WriteInput(const std::string& text);
  absl::Status SendLine(const std::string& line);
  bool SendDrain(const std::string& signal);
  void SendStopSignal();
  absl::Duration Grace() const;
  std::string Name() const;  // "web.0"

  const WorkerSurroundings around_;
  Watcher& watcher_;
  const WorkerIdentity identity_;
  const std::shared_ptr<const AppSpec> spec_;
  const int slots_;
  uid_t uid_ = static_cast<uid_t>(-1);
  gid_t gid_ = static_cast<gid_t>(-1);
  pid_t pid_ = 0;
  uint64_t start_ticks_ = 0;
  bool ended_ = false;
  bool was_ready_ = false;
  bool stopping_ = false;
  bool asked_ = false;  // As progress_.stopping.
  // Adopted while it served, and not probed since.
  bool trusted_ = false;
  std::string refusal_;
  std::optional<double> event_loop_free_;

  HeldNote note_;
  WorkerProgress progress_;
  ReadinessMonitor monitor_;
  LivenessMonitor liveness_;
  ActionCalls actions_;
  std::unique_ptr<NodeCluster> cluster_;
  std::unique_ptr<NodeChannel> channel_;
  UniqueFd input_;
  std::unique_ptr<BindTakeover> takeover_;
  std::set<std::string> taken_;  // Keys of addresses it has by `takeover_`.
  EventLoop::TimerId drain_timer_ = 0;
  EventLoop::TimerId stop_note_timer_ = 0;
  bool sockets_told_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LIVE_WORKER_H_
