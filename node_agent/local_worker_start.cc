// LocalWorkerRuntime: how workers come to be.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "node_agent/local_worker_runtime.h"
#include "node_agent/takeover_support.h"
#include "node_agent/worker_exit_text.h"
#include "node_agent/worker_pipes.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// For LISTEN_FDNAMES, which a colon would split.
std::string FdName(const ListenAddress& address) {
  if (address.kind == ListenAddress::Kind::kUnix) {
    return absl::StrReplaceAll(address.path.substr(address.path.rfind('/') + 1),
                               {{":", "-"}});
  }
  return absl::StrCat("tcp-", address.port);
}

WorkerExit FailedStart(WorkerExit::Kind kind, const absl::Status& status) {
  WorkerExit exit;
  exit.kind = kind;
  exit.message = std::string(status.message());
  return exit;
}

}  // namespace

NodeSharedData& LocalWorkerRuntime::SharedData(const std::string& app_uid) {
  App& app = apps_[app_uid];
  if (app.data == nullptr) {
    app.data = std::make_unique<NodeSharedData>(
        HeldNote(keeper_, absl::StrCat("data/", app_uid)));
  }
  return *app.data;
}

LiveWorker& LocalWorkerRuntime::AddWorker(const WorkerIdentity& identity,
                                          std::shared_ptr<const AppSpec> spec,
                                          int slots, UniqueFd note) {
  std::string name = absl::StrCat("note/", identity.id);
  HeldNote held = note.valid() ? HeldNote(keeper_, name, std::move(note))
                               : HeldNote(keeper_, name);
  auto worker = std::make_unique<LiveWorker>(
      around_, *this, identity, std::move(spec), slots, std::move(held));
  LiveWorker& added = *worker;
  workers_[identity.id].worker = std::move(worker);
  return added;
}

absl::Status LocalWorkerRuntime::PrepareSockets(const std::string& app_uid,
                                                const AppSpec& spec,
                                                int slots) {
  sockets_.NameApp(app_uid, spec.name);
  if (spec.listen.empty()) {
    apps_[app_uid].declared.clear();
    return absl::OkStatus();
  }
  WorkerIdentity identity;
  identity.app_uid = app_uid;
  identity.app = spec.name;
  identity.slot = slots - 1;
  identity.lane = HomeLane(app_uid, identity.slot);
  ASSIGN_OR_RETURN(WorkerUser user, ResolveWorkerUser(spec.user, spec.group));
  ASSIGN_OR_RETURN(auto sockets, DeclaredSockets(identity, spec, slots, user));
  std::set<std::string> declared;
  for (const std::string& url : spec.listen) {
    ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(url));
    declared.insert(address.Key());
  }
  apps_[app_uid].declared = std::move(declared);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LaunchFds::Listen>>
LocalWorkerRuntime::DeclaredSockets(const WorkerIdentity& identity,
                                    const AppSpec& spec, int slots,
                                    const WorkerUser& user) {
  std::vector<LaunchFds::Listen> result;
  // They are opened as its own bind() calls ask for them.
  if (spec.takeover) return result;
  for (const std::string& url : spec.listen) {
    SocketRegistry::OpenRequest request;
    ASSIGN_OR_RETURN(request.address, ParseListenAddress(url));
    request.app_uid = identity.app_uid;
    request.app = identity.app;
    request.shared = spec.socket_sharing == SocketSharing::kShared;
    request.slots = slots;
    request.at = {identity.slot, identity.lane};
    if (user.set_ids) {
      request.uid = user.uid;
      request.gid = user.gid;
    }
    int error_number = 0;
    ASSIGN_OR_RETURN(SlotSocket socket, sockets_.Open(request, &error_number));
    result.push_back({socket.fd, FdName(request.address)});
  }
  return result;
}

absl::Status LocalWorkerRuntime::MayTakeOver(const WorkerIdentity& identity) {
  if (!takeover_checked_) takeover_ = CheckTakeoverSupport();
  takeover_checked_ = true;
  return Annotate(takeover_, absl::StrCat("app ", identity.app, ", instance ",
                                          identity.slot,
                                          ": `takeover` is not possible here"));
}

void LocalWorkerRuntime::AttachPipes(Entry& entry, UniqueFd out, UniqueFd err,
                                     UniqueFd channel) {
  LiveWorker& worker = *entry.worker;
  const WorkerIdentity& identity = worker.identity();
  const LogPolicy& policy = worker.spec()->logs;
  if (out.valid()) {
    logs_.Add(identity.id, identity.app, identity.slot, LogStreamKind::kOut,
              policy, std::move(out));
  }
  if (err.valid()) {
    logs_.Add(identity.id, identity.app, identity.slot, LogStreamKind::kErr,
              policy, std::move(err));
  }
  if (channel.valid()) {
    worker.AttachChannel(std::move(channel), SharedData(identity.app_uid));
  }
}

// After a worker's end, when nobody waits: pipes for the next one's successor,
// if it needs no channel.
void LocalWorkerRuntime::PrepareSparePipes() {
  if (spare_pipes_.has_value()) return;
  auto made = MakeWorkerPipes(/*with_channel=*/false, /*with_stdin=*/false,
                              /*with_binds=*/false);
  if (made.ok()) spare_pipes_ = *std::move(made);
}

absl::StatusOr<WorkerPipes> LocalWorkerRuntime::TakePipes(const AppSpec& spec) {
  bool plain = !IsNode(spec) && !spec.stdin_pipe && !spec.takeover;
  if (!plain || !spare_pipes_.has_value()) {
    return MakeWorkerPipes(IsNode(spec), spec.stdin_pipe, spec.takeover);
  }
  return *std::exchange(spare_pipes_, std::nullopt);
}

absl::StatusOr<SpawnRequest> LocalWorkerRuntime::Launch(Entry& entry,
                                                        WorkerPipes& pipes,
                                                        bool* listen_failed) {
  LiveWorker& worker = *entry.worker;
  const WorkerIdentity& identity = worker.identity();
  const std::shared_ptr<const AppSpec>& spec = worker.spec();
  ASSIGN_OR_RETURN(WorkerUser user, launch_->UserOf(identity, spec));
  if (user.set_ids) worker.SetOwner(user.uid, user.gid);
  LaunchFds fds;
  auto declared = DeclaredSockets(identity, *spec, worker.slots(), user);
  *listen_failed = !declared.ok();
  if (!declared.ok()) return declared.status();
  // Node's cluster workers ask for theirs.
  if (!IsNodeCluster(*spec)) fds.listen = *std::move(declared);
  if (spec->takeover) RETURN_IF_ERROR(MayTakeOver(identity));
  ASSIGN_OR_RETURN(pipes, TakePipes(*spec));
  fds.in = pipes.in_read.get();
  fds.out = pipes.out_write.get();
  fds.err = pipes.err_write.get();
  fds.channel = pipes.child_channel.get();
  fds.out_read = pipes.out_read.get();
  fds.err_read = pipes.err_read.get();
  fds.parent_channel = pipes.channel.get();
  fds.note = worker.MakeNote();
  ASSIGN_OR_RETURN(SpawnRequest request, launch_->Prepare(identity, spec, fds));
  request.bind_socket = pipes.child_binds.get();
  request.tag = EncodeWorkerTag(identity);
  RETURN_IF_ERROR(confiner_.Confine(identity, *spec, request));
  return request;
}

void LocalWorkerRuntime::Start(const WorkerIdentity& wanted,
                               std::shared_ptr<const AppSpec> spec, int slots) {
  FLEET_CHECK(!workers_.contains(wanted.id));
  App& app = apps_[wanted.app_uid];
  app.released = false;
  app.released_slots.erase(wanted.slot);
  WorkerIdentity identity = wanted;
  if (sockets_.HasSockets(identity.app_uid)) {
    identity.lane =
        ChooseLane(identity.slot, HomeLane(identity.app_uid, identity.slot),
                   LaneUses(identity.app_uid));
    sockets_.OpenLane(identity.app_uid, {identity.slot, identity.lane});
  }
  AddWorker(identity, std::move(spec), slots, UniqueFd());
  UpdateLanes(identity.app_uid);
  Entry& entry = workers_[identity.id];
  WorkerPipes pipes;
  bool listen_failed = false;
  auto request = Launch(entry, pipes, &listen_failed);
  if (!request.ok()) {
    return FailStart(identity.id,
                     FailedStart(listen_failed ? WorkerExit::Kind::kListenFailed
                                               : WorkerExit::Kind::kStartFailed,
                                 request.status()));
  }
  entry.executable = request->executable;
  entry.cwd = request->cwd;
  if (pipes.in_write.valid()) {
    keeper_.Hold(absl::StrCat("in/", identity.id), pipes.in_write.get());
    entry.worker->AttachInput(std::move(pipes.in_write));
  }
  if (pipes.binds.valid()) {
    keeper_.Hold(LiveWorker::BindsName(identity.id), pipes.binds.get());
  }
  // Everything else can be done while the keeper does this.
  keeper_.Spawn(*std::move(request));
  AttachPipes(entry, std::move(pipes.out_read), std::move(pipes.err_read),
              std::move(pipes.channel));
  entry.worker->AttachBinds(std::move(pipes.binds));
}

void LocalWorkerRuntime::FailStart(WorkerId id, WorkerExit exit) {
  loop_.Post([this, alive = alive_, id, exit = std::move(exit)] {
    Entry* entry = *alive ? Find(id) : nullptr;
    if (entry == nullptr) return;
    entry->worker->OnEnded();
    if (listener_ != nullptr) listener_->OnExited(id, exit);
    CleanUp(id);
  });
}

void LocalWorkerRuntime::OnSpawned(WorkerId id, pid_t pid,
                                   uint64_t start_ticks) {
  if (hooks_.OnSpawned(id, pid, start_ticks)) return;
  if (commands_.OnSpawned(id, pid, start_ticks)) return;
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  entry->worker->OnSpawned(pid, start_ticks);
  tree_.NoteMain(pid);
  sampler_.Add(id, {pid, start_ticks}, clock_.Now());
  if (listener_ != nullptr) listener_->OnStarted(id, pid);
}

void LocalWorkerRuntime::OnSpawnFailed(WorkerId id, const std::string& step,
                                       int error_number) {
  if (hooks_.OnSpawnFailed(id, step, error_number)) return;
  if (commands_.OnSpawnFailed(id, step, error_number)) return;
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  const WorkerIdentity& identity = entry->worker->identity();
  // What was worked out before does not hold any more.
  launch_->Forget(identity.app_uid);
  FailStart(id, DescribeSpawnFailure(identity, entry->executable, entry->cwd,
                                     step, error_number));
}

}  // namespace fleet::agent
