#include "node_agent/worker_launch.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "node_agent/marked_process.h"
#include "node_agent/process_tree.h"
#include "node_agent/program_path.h"
#include "node_agent/worker_environment.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr char kDefaultPath[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kNoSlot = -1;
constexpr int kFirstSocketFd = 3;  // sd_listen_fds(3).
// The last four of the keeper's launch pad: a start with higher numbers costs
// more, and low ones would be in the way of programs that count on theirs.
constexpr int kFirstKeptFd = 28;
// Node keeps the number in 31 bits.
constexpr uint64_t kUniqueIdMask = 0x7fffffff;

std::string NameOf(const WorkerIdentity& identity) {
  return absl::StrCat("app ", identity.app, ", instance ", identity.slot);
}

}  // namespace

bool IsNodeCluster(const AppSpec& spec) {
  return spec.exec_mode == ExecMode::kCluster && IsNode(spec);
}

std::vector<std::string> WorkerLaunch::InheritedEnvironment() {
  std::vector<std::string> result;
  const char* path = std::getenv("PATH");
  result.push_back(absl::StrCat(
      "PATH=", path != nullptr && *path != '\0' ? path : kDefaultPath));
  for (const char* name : {"LANG", "TZ"}) {
    const char* value = std::getenv(name);
    if (value != nullptr) result.push_back(absl::StrCat(name, "=", value));
  }
  return result;
}

WorkerLaunch::WorkerLaunch(Host host)
    : host_(std::move(host)), null_(open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  FLEET_CHECK(null_.valid());
}

WorkerLaunch::~WorkerLaunch() = default;

absl::StatusOr<const WorkerLaunch::Plan*> WorkerLaunch::PlanOf(
    const WorkerIdentity& identity,
    const std::shared_ptr<const AppSpec>& spec) {
  SlotKey key(identity.app_uid, identity.slot);
  auto it = plans_.find(key);
  if (it != plans_.end() && it->second.spec == spec) return &it->second;
  ASSIGN_OR_RETURN(Plan plan, MakePlan(identity, spec));
  return &(plans_[key] = std::move(plan));
}

// The neighbours in the table: slots start in their order.
const WorkerLaunch::Plan* WorkerLaunch::PlanBeside(
    const SlotKey& key, const std::shared_ptr<const AppSpec>& spec) const {
  auto next = plans_.lower_bound(key);
  if (next != plans_.end() && next->second.spec == spec) return &next->second;
  if (next == plans_.begin()) return nullptr;
  --next;
  return next->second.spec == spec ? &next->second : nullptr;
}

absl::StatusOr<WorkerLaunch::Plan> WorkerLaunch::MakePlan(
    const WorkerIdentity& identity,
    const std::shared_ptr<const AppSpec>& spec) const {
  Plan plan;
  const Plan* beside = PlanBeside({identity.app_uid, identity.slot}, spec);
  if (beside != nullptr && spec->env_files.empty()) {
    plan = *beside;
    ASSIGN_OR_RETURN(plan.env,
                     MakeEnvironment(*spec, plan.user, identity.slot, ""));
    if (FindVariable(plan.env, "PATH") == plan.path) return plan;
  }
  plan = Plan();
  plan.spec = spec;
  ASSIGN_OR_RETURN(std::string cwd, ResolveFolder(spec->cwd));
  ASSIGN_OR_RETURN(plan.user, ResolveWorkerUser(spec->user, spec->group));
  ASSIGN_OR_RETURN(plan.env,
                   MakeEnvironment(*spec, plan.user, identity.slot, cwd));
  plan.path = FindVariable(plan.env, "PATH");
  if (spec->interpreter.empty() || spec->interpreter == "none") return plan;
  ASSIGN_OR_RETURN(
      plan.interpreter,
      FindExecutable("interpreter", spec->interpreter, plan.path, cwd));
  plan.leading = {spec->interpreter};
  plan.leading.insert(plan.leading.end(), spec->interpreter_args.begin(),
                      spec->interpreter_args.end());
  bool drains = IsNodeCluster(*spec) && spec->graceful_drain &&
                !host_.drain_preload_path.empty() &&
                MayRead(plan.user, host_.drain_preload_path);
  if (drains) {
    plan.leading.insert(plan.leading.end(),
                        {"--require", host_.drain_preload_path});
  }
  return plan;
}

absl::StatusOr<std::vector<std::string>> WorkerLaunch::MakeEnvironment(
    const AppSpec& spec, const WorkerUser& user, int slot,
    const std::string& cwd) const {
  EnvironmentInput input{host_.inherited,   user, host_.host_name,
                         host_.notify_path, slot, {}};
  ASSIGN_OR_RETURN(input.files, ReadEnvFiles(spec.env_files, cwd));
  return MakeWorkerEnvironment(spec, input);
}

absl::StatusOr<WorkerUser> WorkerLaunch::UserOf(
    const WorkerIdentity& identity,
    const std::shared_ptr<const AppSpec>& spec) {
  auto plan = PlanOf(identity, spec);
  if (!plan.ok()) return Annotate(plan.status(), NameOf(identity));
  return (*plan)->user;
}

absl::Status WorkerLaunch::FillProgram(const Plan& plan, const AppSpec& spec,
                                       SpawnRequest& request) const {
  ASSIGN_OR_RETURN(request.cwd, ResolveFolder(spec.cwd));
  if (plan.interpreter.empty()) {
    bool here = spec.script.find('/') == std::string::npos;
    std::string local = JoinPath(request.cwd, spec.script);
    auto beside = FindExecutable("script", local, "", request.cwd);
    if (beside.ok()) {
      request.executable = *beside;
    } else if (here && !absl::IsFailedPrecondition(beside.status())) {
      ASSIGN_OR_RETURN(request.executable,
                       FindExecutable("script", spec.script,
                                      absl::StrCat(request.cwd, ":", plan.path),
                                      request.cwd));
    } else {
      return beside.status();
    }
    request.argv = {request.executable};
    RETURN_IF_ERROR(
        CheckPolicy(spec, plan.user, {request.executable, "", request.cwd}));
  } else {
    ASSIGN_OR_RETURN(std::string script,
                     FindScript(spec.script, request.cwd, IsNode(spec)));
    request.executable = plan.interpreter;
    RETURN_IF_ERROR(CheckPolicy(spec, plan.user,
                                {request.executable, script, request.cwd}));
    request.argv = plan.leading;
    request.argv.push_back(std::move(script));
  }
  request.argv.insert(request.argv.end(), spec.args.begin(), spec.args.end());
  return absl::OkStatus();
}

absl::Status WorkerLaunch::CheckPolicy(const AppSpec& spec,
                                       const WorkerUser& user,
                                       const HostPolicy::Launch& launch) const {
  return host_.policy == nullptr
             ? absl::OkStatus()
             : host_.policy->CheckLaunch(spec, user, launch);
}

void WorkerLaunch::FillDescriptors(const LaunchFds& fds, bool cluster,
                                   const WorkerIdentity& identity,
                                   SpawnRequest& request) const {
  request.child_fds = {
      {fds.in < 0 ? null_.get() : fds.in, 0}, {fds.out, 1}, {fds.err, 2}};
  // Held before it runs: an agent that dies in between costs no line.
  int channel_count = fds.channel < 0 ? 0 : 1;
  int kept = std::max(kFirstKeptFd, kFirstSocketFd + channel_count +
                                        static_cast<int>(fds.listen.size()));
  auto hold = [&](int fd, std::string name) {
    if (fd >= 0) request.child_fds.push_back({fd, kept++, std::move(name)});
  };
  hold(fds.out_read, absl::StrCat("log/", identity.id, "/out"));
  hold(fds.err_read, absl::StrCat("log/", identity.id, "/err"));
  hold(fds.parent_channel, absl::StrCat("ipc/", identity.id));
  hold(fds.note, absl::StrCat("note/", identity.id));
  int next = kFirstSocketFd;
  std::vector<std::string> names;
  for (const LaunchFds::Listen& listen : fds.listen) {
    request.child_fds.push_back({listen.fd, next++});
    names.push_back(listen.name);
  }
  if (!names.empty()) {
    request.env.push_back(absl::StrCat("LISTEN_FDS=", names.size()));
    request.env.push_back(
        absl::StrCat("LISTEN_FDNAMES=", absl::StrJoin(names, ":")));
    request.env.push_back("LISTEN_PID=");  // The keeper fills it in.
  }
  if (fds.channel < 0) return;
  request.child_fds.push_back({fds.channel, next});
  request.env.push_back(absl::StrCat("NODE_CHANNEL_FD=", next));
  request.env.push_back("NODE_CHANNEL_SERIALIZATION_MODE=json");
  if (!cluster) return;
  uint64_t unique = identity.id & kUniqueIdMask;
  request.env.push_back(
      absl::StrCat("NODE_UNIQUE_ID=", unique == 0 ? 1 : unique));
}

absl::StatusOr<std::vector<std::string>> WorkerLaunch::EnvironmentOf(
    const Plan& plan, int slot, const std::string& cwd) const {
  if (plan.spec->env_files.empty()) return plan.env;
  return MakeEnvironment(*plan.spec, plan.user, slot, cwd);
}

// What does not depend on the worker's program.
void WorkerLaunch::FillCommand(const WorkerUser& user, int64_t generation,
                               int out, SpawnRequest& request) const {
  // It is not the worker, and says nothing in its name.
  std::erase_if(request.env, [](const std::string& entry) {
    return entry.starts_with("NOTIFY_SOCKET=") ||
           entry.starts_with("WATCHDOG_USEC=");
  });
  request.env.push_back(absl::StrCat("PWD=", request.cwd));
  request.env.push_back(absl::StrCat("FLEET_GENERATION=", generation));
  request.set_ids = user.set_ids;
  request.uid = user.uid;
  request.gid = user.gid;
  request.groups = user.groups;
  request.child_fds = {{null_.get(), 0}, {out, 1}, {out, 2}};
}

absl::StatusOr<SpawnRequest> WorkerLaunch::PrepareCommand(
    const WorkerIdentity& identity, const std::shared_ptr<const AppSpec>& spec,
    const std::vector<std::string>& command, int out) {
  auto plan = PlanOf(identity, spec);
  if (!plan.ok()) return plan.status();
  SpawnRequest request;
  ASSIGN_OR_RETURN(request.cwd, ResolveFolder(spec->cwd));
  ASSIGN_OR_RETURN(
      request.executable,
      FindExecutable("command", command.at(0), (*plan)->path, request.cwd));
  RETURN_IF_ERROR(
      CheckPolicy(*spec, (*plan)->user, {request.executable, "", request.cwd}));
  request.argv = command;
  ASSIGN_OR_RETURN(request.env,
                   EnvironmentOf(**plan, identity.slot, request.cwd));
  FillCommand((*plan)->user, identity.generation, out, request);
  return request;
}

// Without the worker's plan: the hook may be what installs its interpreter.
absl::StatusOr<SpawnRequest> WorkerLaunch::PrepareHook(const HookOrder& order,
                                                       int out) const {
  const AppSpec& spec = *order.spec;
  SpawnRequest request;
  ASSIGN_OR_RETURN(request.cwd, ResolveFolder(spec.cwd));
  ASSIGN_OR_RETURN(WorkerUser user, ResolveWorkerUser(spec.user, spec.group));
  ASSIGN_OR_RETURN(request.env,
                   MakeEnvironment(spec, user, kNoSlot, request.cwd));
  request.executable = "/bin/sh";
  RETURN_IF_ERROR(
      CheckPolicy(spec, user, {request.executable, "", request.cwd}));
  request.argv = {"/bin/sh", "-c", order.hook.command};
  const std::string instance = spec.instance_var + "=";
  const std::string counter = spec.increment_var + "=";
  std::erase_if(request.env, [&](const std::string& entry) {
    return entry.starts_with("FLEET_INSTANCE=") ||
           entry.starts_with(instance) || entry.starts_with(counter);
  });
  auto first = spec.env.find(spec.increment_var);
  if (first != spec.env.end()) request.env.push_back(counter + first->second);
  request.env.push_back(absl::StrCat("FLEET_ROLLOUT=", order.rollout));
  request.env.push_back(absl::StrCat("FLEET_HOOK=", order.name));
  request.env.push_back(absl::StrCat("FLEET_REVISION=", order.revision));
  FillCommand(user, order.generation, out, request);
  return request;
}

absl::StatusOr<SpawnRequest> WorkerLaunch::Prepare(
    const WorkerIdentity& identity, const std::shared_ptr<const AppSpec>& spec,
    const LaunchFds& fds) {
  auto plan = PlanOf(identity, spec);
  if (!plan.ok()) return Annotate(plan.status(), NameOf(identity));
  SpawnRequest request;
  request.id = identity.id;
  absl::Status program = FillProgram(**plan, *spec, request);
  if (!program.ok()) return Annotate(program, NameOf(identity));
  const WorkerUser& user = (*plan)->user;
  request.set_ids = user.set_ids;
  request.uid = user.uid;
  request.gid = user.gid;
  request.groups = user.groups;
  auto env = EnvironmentOf(**plan, identity.slot, request.cwd);
  if (!env.ok()) return Annotate(env.status(), NameOf(identity));
  request.env = *std::move(env);
  request.env.push_back(absl::StrCat("PWD=", request.cwd));
  request.env.push_back(absl::StrCat("FLEET_GENERATION=", identity.generation));
  request.env.push_back(absl::StrCat(kWorkerMarker, "=", identity.id));
  FillDescriptors(fds, IsNodeCluster(*spec), identity, request);
  return request;
}

void WorkerLaunch::Forget(const std::string& app_uid) {
  std::erase_if(plans_, [&app_uid](const auto& entry) {
    return entry.first.first == app_uid;
  });
}

}  // namespace fleet::agent
