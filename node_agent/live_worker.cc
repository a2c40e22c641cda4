#include "node_agent/live_worker.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "node_agent/pid_file.h"
#include "node_agent/worker_launch.h"
#include "proto/rpc/signal_name.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kFirstListenFd = 3;
// Idle keep-alive connections of a draining worker stay open so long.
constexpr absl::Duration kMaxGrace = absl::Seconds(1);
constexpr absl::Duration kStopNoteDelay = absl::Milliseconds(10);
// A worker whose preload does not answer by then gets its signal.
constexpr absl::Duration kMaxDrainAnswer = absl::Seconds(2);

}  // namespace

// To this worker's lane, and past the others that accept there.
class LiveWorker::SlotRoute : public ProbeRoute {
 public:
  SlotRoute(LiveWorker& worker, int port) : worker_(worker), port_(port) {}

  void Pin(uint16_t source_port) override {
    AddressSockets* sockets = Find();
    if (sockets != nullptr) {
      sockets->Pin(source_port, worker_.at());
    }
  }
  void Unpin(uint16_t source_port) override {
    AddressSockets* sockets = Find();
    if (sockets != nullptr) sockets->Unpin(source_port);
  }
  Acceptor WhoAccepted(int connection) override {
    AddressSockets* sockets = Find();
    uint64_t inode = worker_.around_.accepted_by.PeerInode(connection);
    if (sockets == nullptr ||
        !worker_.watcher_.SharesSocket(worker_, *sockets)) {
      // Nobody else could. A closed connection has no inode any more.
      char byte = 0;
      bool closed = recv(connection, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
      return inode != 0 || closed ? Acceptor::kWanted : Acceptor::kNobody;
    }
    if (inode == 0) return Acceptor::kNobody;
    std::vector<pid_t> pids;
    for (const ProcessRef& process :
         worker_.around_.tree.FindTree(worker_.root())) {
      pids.push_back(process.pid);
    }
    return AcceptedBy::Has(pids, inode) ? Acceptor::kWanted : Acceptor::kOther;
  }

 private:
  AddressSockets* Find() const {
    return worker_.around_.sockets.FindPort(worker_.identity_.app_uid, port_);
  }

  LiveWorker& worker_;
  const int port_;
};

LiveWorker::LiveWorker(const WorkerSurroundings& around, Watcher& watcher,
                       WorkerIdentity identity,
                       std::shared_ptr<const AppSpec> spec, int slots,
                       HeldNote note)
    : around_(around),
      watcher_(watcher),
      identity_(std::move(identity)),
      spec_(std::move(spec)),
      slots_(slots),
      note_(std::move(note)),
      progress_(WorkerProgress::FromText(note_.text())),
      monitor_(
          around_.loop, spec_->readiness,
          /*node_cluster=*/IsNodeCluster(*spec_) || spec_->takeover,
          [this](const ProbeRequest& request, ProbeDone done) {
            return StartProbe(request, std::move(done));
          },
          [this](bool ready_changed) { OnReadinessChanged(ready_changed); }),
      liveness_(
          around_.loop, spec_->liveness,
          [this](const ProbeRequest& request, ProbeDone done) {
            return StartProbe(request, std::move(done));
          },
          [this](const std::string& why) {
            watcher_.OnWorkerUnhealthy(*this, why);
          }),
      actions_(around_.loop, Name()) {
  stopping_ = progress_.stopping;
  asked_ = progress_.stopping;
  if (!IsNodeCluster(*spec_)) {
    taken_ = absl::StrSplit(progress_.open, '\n', absl::SkipEmpty());
  }
}

LiveWorker::~LiveWorker() {
  *alive_ = false;
  around_.loop.CancelTimer(drain_timer_);
  around_.loop.CancelTimer(stop_note_timer_);
}

// `slots_` of one that was adopted is only what its own slot tells.
std::string LiveWorker::PidFile() const {
  int instances = spec_->instances == 1 ? slots_ : 2;
  return PidFilePath(spec_->pid_file, identity_.slot, instances);
}

void LiveWorker::NotePid() {
  if (spec_->pid_file.empty()) return;
  absl::Status written = WritePidFile(PidFile(), pid_);
  if (!written.ok()) {
    spdlog::warn("{}: pid_file: {}", LogName(), ToStd(written.message()));
  }
}

void LiveWorker::DropHeld() {
  if (!spec_->pid_file.empty()) {
    RemovePidFile(PidFile(), pid_);
  }
  note_.Drop();
  if (spec_->stdin_pipe) around_.keeper.Drop(absl::StrCat("in/", identity_.id));
  around_.keeper.Drop(BindsName(identity_.id));
}

std::string LiveWorker::LogName() const {
  std::string name = absl::StrCat(identity_.app, ".", identity_.slot,
                                  " (worker ", identity_.id);
  // It has none yet when its channel is opened.
  if (pid_ != 0) absl::StrAppend(&name, ", pid ", pid_);
  return name + ")";
}

WorkerRoot LiveWorker::root() const {
  return WorkerRoot{identity_.id, pid_, start_ticks_};
}

int LiveWorker::MakeNote() {
  const ReadinessGate& gate = spec_->readiness;
  bool tells = gate.wait_ready || gate.notify || IsNode(*spec_);
  return tells ? note_.MakeFile() : -1;
}

void LiveWorker::SetOwner(uid_t uid, gid_t gid) {
  uid_ = uid;
  gid_ = gid;
}

void LiveWorker::AttachChannel(UniqueFd channel, NodeSharedData& data) {
  if (IsNodeCluster(*spec_)) {
    cluster_ = std::make_unique<NodeCluster>(*this, data);
    cluster_->FromText(progress_.open);
  }
  channel_ =
      std::make_unique<NodeChannel>(around_.loop, std::move(channel), LogName(),
                                    progress_.inside_line, *this);
}

std::string LiveWorker::BindsName(WorkerId id) {
  return absl::StrCat("bind/", id);
}

void LiveWorker::AttachBinds(UniqueFd binds) {
  if (!binds.valid()) return;
  takeover_ = std::make_unique<BindTakeover>(around_.loop, around_.keeper,
                                             *this, BindsName(identity_.id),
                                             spec_->listen, std::move(binds));
}

void LiveWorker::OnSpawned(pid_t pid, uint64_t start_ticks) {
  pid_ = pid;
  start_ticks_ = start_ticks;
  NotePid();
  RestoreProgress();
  monitor_.state().OnStarted();
  monitor_.Update();
}

bool LiveWorker::OnAdopted(pid_t pid, uint64_t start_ticks) {
  OnSpawned(pid, start_ticks);
  was_ready_ = monitor_.TakeAsTold();
  trusted_ = progress_.serving && !was_ready_;
  if (was_ready_ && !stopping_) liveness_.OnReady();
  return was_ready_;
}

void LiveWorker::OnReadinessChanged(bool ready_changed) {
  was_ready_ = was_ready_ || monitor_.ready();
  bool was_trusted = std::exchange(trusted_, false);
  if (was_trusted && !monitor_.ready()) TellSockets();
  if (monitor_.ready()) liveness_.OnReady();
  watcher_.OnWorkerReadiness(*this, ready_changed);
}

void LiveWorker::RestoreProgress() {
  if (progress_.ready_message) monitor_.state().OnReadyMessage();
  if (progress_.notify_ready) monitor_.state().OnNotifyReady();
  if (progress_.listening) monitor_.state().OnListening();
  if (progress_.leaving) monitor_.state().OnLeaving();
}

void LiveWorker::SaveProgress() {
  if (cluster_ != nullptr) progress_.open = cluster_->ToText();
  std::string text = progress_.ToText();
  if (text == note_.text()) return;
  if (!note_.Write(text)) {
    spdlog::warn("{}: its progress cannot be noted for a later agent",
                 LogName());
  }
}

void LiveWorker::OnNodeMessage(const NodeMessage& message) {
  if (cluster_ != nullptr) cluster_->OnMessage(message);
  switch (message.kind) {
    case NodeMessage::Kind::kReady:
      progress_.ready_message = true;
      monitor_.state().OnReadyMessage();
      break;
    case NodeMessage::Kind::kListening:
      progress_.listening = true;
      monitor_.state().OnListening();
      break;
    case NodeMessage::Kind::kExitedAfterDisconnect:
      progress_.leaving = true;
      monitor_.state().OnLeaving();
      break;
    case NodeMessage::Kind::kLoop:
      event_loop_free_ = message.loop_free;
      return;
    case NodeMessage::Kind::kAction:
    case NodeMessage::Kind::kActionReply:
    case NodeMessage::Kind::kMetrics:
      actions_.OnMessage(message);
      return;
    case NodeMessage::Kind::kDraining:
      if (drain_timer_ != 0) {
        around_.loop.CancelTimer(std::exchange(drain_timer_, 0));
      }
      return;
    case NodeMessage::Kind::kQueryServer:
    case NodeMessage::Kind::kClose:
      break;
    case NodeMessage::Kind::kOnline:
    case NodeMessage::Kind::kHandle:
    case NodeMessage::Kind::kHandleAck:
    case NodeMessage::Kind::kHandleNack:
    case NodeMessage::Kind::kOtherInternal:
    case NodeMessage::Kind::kApp:
      return;
  }
  SaveProgress();
  monitor_.Update();
  if (cluster_ != nullptr) TellSockets();
}

void LiveWorker::TellSockets() {
  if (std::exchange(sockets_told_, true)) return;
  around_.loop.Post([this, alive = alive_] {
    if (!*alive) return;
    sockets_told_ = false;
    if (!ended_) watcher_.OnWorkerSockets(*this);
  });
}

void LiveWorker::OnNodeChannelClosed() {
  channel_.reset();
  around_.keeper.Drop(absl::StrCat("ipc/", identity_.id));
}

void LiveWorker::OnLongLine(bool inside) {
  progress_.inside_line = inside;
  SaveProgress();
}

absl::StatusOr<SlotSocket> LiveWorker::OpenSocket(const ListenAddress& address,
                                                  int* error_number) {
  SocketRegistry::OpenRequest request;
  request.app_uid = identity_.app_uid;
  request.app = identity_.app;
  request.address = address;
  request.shared = spec_->socket_sharing == SocketSharing::kShared;
  request.slots = slots_;
  request.at = at();
  request.uid = uid_;
  request.gid = gid_;
  return around_.sockets.Open(request, error_number);
}

absl::StatusOr<ListenAddress> LiveWorker::DeclaredAddress(int fd) {
  size_t index = static_cast<size_t>(fd - kFirstListenFd);
  if (fd < kFirstListenFd || index >= spec_->listen.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "listen({fd: ", fd, "}): the app declares ", spec_->listen.size(),
        " addresses in `listen`, the first is descriptor ", kFirstListenFd));
  }
  return ParseListenAddress(spec_->listen[index]);
}

void LiveWorker::SendToWorker(const std::string& line, int fd) {
  if (channel_ != nullptr) channel_->Send(line, fd);
}

void LiveWorker::OnSocketTaken(const std::string& key) {
  if (!taken_.insert(key).second) return;
  // A few ports; NodeCluster, which has the field otherwise, asks for none.
  if (cluster_ == nullptr) progress_.open = absl::StrJoin(taken_, "\n");
  progress_.listening = true;
  monitor_.state().OnListening();
  SaveProgress();
  monitor_.Update();
}

void LiveWorker::OnSocketRefused(const absl::Status& why) {
  refusal_ = std::string(why.message());
  spdlog::error("{}: {}", LogName(), refusal_);
}

void LiveWorker::OnNotify(const NotifyMessage& message) {
  if (message.reloading) {
    progress_.notify_ready = false;
    monitor_.state().OnReloading();
  }
  // In one message with RELOADING=1 it is the later word.
  if (message.ready) {
    progress_.notify_ready = true;
    monitor_.state().OnNotifyReady();
  }
  if (message.stopping) {
    progress_.leaving = true;
    monitor_.state().OnLeaving();
  }
  if (message.watchdog_period.has_value()) {
    liveness_.SetWatchdog(*message.watchdog_period);
  }
  if (message.watchdog) liveness_.OnWatchdog();
  if (message.watchdog_trigger) liveness_.OnWatchdogTrigger();
  SaveProgress();
  monitor_.Update();
}

void LiveWorker::SetMain(pid_t pid, uint64_t start_ticks) {
  pid_ = pid;
  start_ticks_ = start_ticks;
  NotePid();
}

void LiveWorker::OnEnded() {
  ended_ = true;
  monitor_.Stop();
  liveness_.Stop();
  channel_.reset();
  actions_.OnEnded();
  input_.Reset();
  around_.loop.CancelTimer(std::exchange(drain_timer_, 0));
  around_.loop.CancelTimer(std::exchange(stop_note_timer_, 0));
}

bool LiveWorker::TakesConnections() const {
  return pid_ != 0 && !ended_ && !stopping_ && (monitor_.ready() || trusted_) &&
         (cluster_ == nullptr || !cluster_->leaving());
}

std::set<std::string> LiveWorker::AddressesInUse() const {
  std::set<std::string> keys;
  if (cluster_ != nullptr) keys = cluster_->OpenAddresses();
  keys.insert(taken_.begin(), taken_.end());
  for (const std::string& url : spec_->listen) {
    auto address = ParseListenAddress(url);
    if (address.ok()) keys.insert(address->Key());
  }
  return keys;
}

std::unique_ptr<ProbeRun> LiveWorker::StartProbe(const ProbeRequest& request,
                                                 ProbeDone done) {
  if (request.kind == ProbeKind::kExec) {
    return watcher_.RunBeside(*this, request, std::move(done));
  }
  return std::make_unique<Probe>(around_.loop, TargetOf(request),
                                 std::move(done));
}

ProbeTarget LiveWorker::TargetOf(const ProbeRequest& request) {
  ProbeTarget target;
  target.request = request;
  target.host = around_.sockets.bind_address();
  AddressSockets* sockets =
      around_.sockets.FindPort(identity_.app_uid, request.port);
  if (sockets != nullptr) {
    if (!IsWildcardHost(sockets->host())) target.host = sockets->host();
    target.wait_for_acceptor = request.kind == ProbeKind::kTcp ||
                               watcher_.SharesSocket(*this, *sockets);
    target.route = std::make_unique<SlotRoute>(*this, request.port);
  }
  if (target.host.empty()) target.host = "127.0.0.1";
  return target;
}

void LiveWorker::MarkStopping() {
  monitor_.Stop();
  liveness_.Stop();
  stopping_ = true;
}

void LiveWorker::NoteServing() {
  if (std::exchange(progress_.serving, true)) return;
  SaveProgress();
}

absl::Duration LiveWorker::Grace() const {
  return std::min(kMaxGrace, spec_->stop.kill_timeout / 2);
}

void LiveWorker::AskToStop() {
  if (std::exchange(asked_, true) || ended_) return;
  progress_.stopping = true;
  // So that a later agent does not ask again. Most are gone before that.
  stop_note_timer_ = around_.loop.AddTimerAfter(kStopNoteDelay, [this] {
    stop_note_timer_ = 0;
    SaveProgress();
  });
  bool by_message = spec_->stop.shutdown_with_message && channel_ != nullptr;
  bool drains = cluster_ != nullptr && spec_->graceful_drain &&
                SendDrain(by_message ? "" : spec_->stop.signal);
  if (by_message) {
    SendToWorker(NodeShutdown(), -1);
  } else if (!drains) {
    SendStopSignal();
  }
}

bool LiveWorker::SendDrain(const std::string& signal) {
  if (channel_ == nullptr || !channel_->open()) return false;
  std::string name = SignalName(SignalNumber(signal).value_or(SIGTERM));
  if (!channel_->Send(NodeDrain(signal.empty() ? "" : name,
                                absl::ToInt64Milliseconds(Grace())))) {
    return false;
  }
  if (signal.empty()) return true;
  // A blocked event loop, or an app that took our listener away.
  absl::Duration wait = std::min(kMaxDrainAnswer, spec_->stop.kill_timeout / 2);
  drain_timer_ = around_.loop.AddTimerAfter(wait, [this] {
    drain_timer_ = 0;
    SendStopSignal();
  });
  return true;
}

void LiveWorker::SendStopSignal() {
  int signal = SignalNumber(spec_->stop.signal).value_or(SIGTERM);
  around_.keeper.Signal(identity_.id, signal, spec_->stop.treekill);
}

}  // namespace fleet::agent
