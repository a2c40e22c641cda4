#include "node_agent/worker_confiner.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::agent {

void WorkerConfiner::FindCgroups() {
  if (!cgroups_.has_value()) cgroups_.emplace();
}

LimitGround WorkerConfiner::GroundOf(const AppSpec& spec) const {
  LimitGround ground;
  if (cgroups_.has_value()) {
    ground.memory_cgroup = cgroups_->VersionOf("memory");
    ground.cpu_cgroup = cgroups_->VersionOf("cpu");
    ground.pids_cgroup = cgroups_->VersionOf("pids");
  }
  ground.root = geteuid() == 0;
  ground.own_user = spec.user.empty() ? !ground.root
                                      : spec.user != "root" && spec.user != "0";
  return ground;
}

absl::Status WorkerConfiner::Confine(const WorkerIdentity& identity,
                                     const AppSpec& spec,
                                     SpawnRequest& request) {
  if (!HasLimits(spec)) return absl::OkStatus();
  std::string name =
      absl::StrCat("app ", identity.app, ", instance ", identity.slot);
  absl::Status possible = CheckHardening(spec, GroundOf(spec), runtime_dir_);
  if (!possible.ok()) return Annotate(possible, name);
  std::vector<std::string> groups;
  if (WantsCgroup(spec.limits)) {
    FindCgroups();
    auto made = cgroups_->Make(identity.id, spec.limits);
    if (!made.ok()) return Annotate(made.status(), name);
    groups = *std::move(made);
  }
  request.confinement = MakeConfinement(spec, GroundOf(spec));
  request.confinement->cgroups = std::move(groups);
  return absl::OkStatus();
}

absl::Status WorkerConfiner::ConfineBeside(const WorkerIdentity& identity,
                                           pid_t pid, const AppSpec& spec,
                                           SpawnRequest& request) {
  if (!HasLimits(spec)) return absl::OkStatus();
  RETURN_IF_ERROR(CheckHardening(spec, GroundOf(spec), runtime_dir_));
  Confinement confinement = MakeConfinement(spec, GroundOf(spec));
  if (cgroups_.has_value()) {
    confinement.cgroups = cgroups_->ProcsFiles(identity.id);
  }
  if (WantsMounts(spec.hardening)) confinement.mounts_of = pid;
  request.confinement = std::move(confinement);
  return absl::OkStatus();
}

absl::Status WorkerConfiner::ConfineHook(const AppSpec& spec,
                                         SpawnRequest& request) const {
  const AppSpec rights = RightsOf(spec);
  if (!HasLimits(rights)) return absl::OkStatus();
  RETURN_IF_ERROR(CheckHardening(rights, GroundOf(spec), runtime_dir_));
  request.confinement = MakeConfinement(rights, GroundOf(spec));
  return absl::OkStatus();
}

void WorkerConfiner::Adopt(WorkerId id, const AppSpec& spec) {
  if (!WantsCgroup(spec.limits)) return;
  FindCgroups();
  cgroups_->Adopt(id);
}

void WorkerConfiner::Forget(WorkerId id) {
  if (cgroups_.has_value()) cgroups_->Remove(id);
}

int WorkerConfiner::Kill(WorkerId id) {
  return cgroups_.has_value() ? cgroups_->Kill(id) : 0;
}

std::optional<absl::Duration> WorkerConfiner::Cpu(WorkerId id) const {
  return cgroups_.has_value() ? cgroups_->Cpu(id) : std::nullopt;
}

void WorkerConfiner::ExplainExit(WorkerId id, const AppSpec& spec,
                                 WorkerExit& exit) const {
  if (!cgroups_.has_value() || cgroups_->OutOfMemoryKills(id) == 0) return;
  absl::StrAppend(&exit.message, ": out of memory, over limits.memory_max ",
                  HumanSize(spec.limits.memory_max_bytes));
}

std::vector<LimitNote> WorkerConfiner::Describe(const AppSpec& spec) {
  if (!HasLimits(spec)) return {};
  if (WantsCgroup(spec.limits) && !cgroups_.has_value()) {
    FindCgroups();
  }
  return DescribeLimits(spec, GroundOf(spec));
}

}  // namespace fleet::agent
