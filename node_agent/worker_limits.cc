#include "node_agent/worker_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/capability_name.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

constexpr char kNoCgroup[] =
    "no cgroup is given to the agent for it (systemd: Delegate=yes)";
constexpr char kNeedsRoot[] = "the agent is not root";

uint64_t Amount(int64_t value) {
  return value < 0 ? RLIM_INFINITY : static_cast<uint64_t>(value);
}

void AddRlimit(int resource, uint64_t value, Confinement& confinement) {
  confinement.rlimits.push_back({resource, value, value});
}

// Collects the notes.
class Notes {
 public:
  void Add(const std::string& limit, const std::string& by,
           const std::string& note = "") {
    notes_.push_back({limit, by, note});
  }
  // By cgroup, where there is one, else as said.
  void AddCgroup(const std::string& limit, int version, const std::string& by,
                 const std::string& otherwise,
                 const std::string& v1_note = "") {
    if (version == 2) return Add(limit, "cgroup v2");
    if (version == 1) return Add(limit, "cgroup v1", v1_note);
    Add(limit, by, otherwise);
  }
  std::vector<LimitNote> Take() { return std::move(notes_); }

 private:
  std::vector<LimitNote> notes_;
};

void DescribeMemory(const Limits& limits, const LimitGround& ground,
                    Notes& notes) {
  if (limits.memory_max_bytes > 0) {
    notes.AddCgroup(
        absl::StrCat("memory_max ", HumanSize(limits.memory_max_bytes)),
        ground.memory_cgroup, "rlimit",
        absl::StrCat("of each process's own data (RLIMIT_DATA): ", kNoCgroup));
  }
  if (limits.memory_high_bytes > 0) {
    notes.AddCgroup(
        absl::StrCat("memory_high ", HumanSize(limits.memory_high_bytes)),
        ground.memory_cgroup, "", kNoCgroup,
        "only when the host is short of memory");
  }
}

// A core file holds the environment, and secrets are in it.
std::optional<int64_t> CoreBytes(const AppSpec& spec) {
  if (spec.limits.core_bytes.has_value() || spec.secrets.empty()) {
    return spec.limits.core_bytes;
  }
  return 0;
}

void DescribeCore(const AppSpec& spec, Notes& notes) {
  const std::optional<int64_t> bytes = CoreBytes(spec);
  if (!bytes.has_value()) return;
  notes.Add(absl::StrCat("core ", *bytes < 0 ? "unlimited" : HumanSize(*bytes)),
            "rlimit",
            spec.limits.core_bytes.has_value()
                ? ""
                : "as it has secrets, unless the spec says limits.core");
}

void DescribeResources(const AppSpec& spec, const LimitGround& ground,
                       Notes& notes) {
  const Limits& limits = spec.limits;
  DescribeMemory(limits, ground, notes);
  if (limits.cpu_cores > 0) {
    notes.AddCgroup(absl::StrCat("cpu ", limits.cpu_cores), ground.cpu_cgroup,
                    "", kNoCgroup);
  }
  if (limits.pids > 0) {
    notes.AddCgroup(
        absl::StrCat("pids ", limits.pids), ground.pids_cgroup,
        ground.own_user ? "rlimit" : "",
        ground.own_user
            ? absl::StrCat("of all processes of its user: ", kNoCgroup)
            : kNoCgroup);
  }
  if (limits.nofile > 0) {
    notes.Add(absl::StrCat("nofile ", limits.nofile), "rlimit");
  }
  DescribeCore(spec, notes);
  if (limits.nice.has_value()) {
    notes.Add(absl::StrCat("nice ", *limits.nice), "process");
  }
  if (limits.umask.has_value()) {
    notes.Add(absl::StrFormat("umask %03o", *limits.umask), "process");
  }
  if (limits.oom_score_adj.has_value()) {
    notes.Add(absl::StrCat("oom_score_adj ", *limits.oom_score_adj), "process");
  }
}

void DescribeHardening(const Hardening& hardening, const LimitGround& ground,
                       Notes& notes) {
  if (hardening.no_new_privileges) notes.Add("no_new_privileges", "process");
  auto add = [&](const std::string& what, const char* by) {
    notes.Add(what, ground.root ? by : "", ground.root ? "" : kNeedsRoot);
  };
  if (hardening.capabilities.has_value()) {
    std::string names = absl::StrJoin(*hardening.capabilities, ",");
    add(absl::StrCat("capabilities ", names.empty() ? "none" : names),
        "process");
  }
  if (!hardening.read_only_paths.empty()) {
    add(absl::StrCat("read_only_paths ",
                     absl::StrJoin(hardening.read_only_paths, ",")),
        "mount namespace");
  }
  if (hardening.private_tmp) add("private_tmp", "mount namespace");
}

}  // namespace

bool WantsCgroup(const Limits& limits) {
  return limits.memory_max_bytes > 0 || limits.memory_high_bytes > 0 ||
         limits.cpu_cores > 0 || limits.pids > 0;
}

bool WantsMounts(const Hardening& hardening) {
  return hardening.private_tmp || !hardening.read_only_paths.empty();
}

AppSpec RightsOf(const AppSpec& spec) {
  AppSpec rights;
  rights.limits.umask = spec.limits.umask;
  if (!spec.secrets.empty()) rights.limits.core_bytes = CoreBytes(spec);
  rights.hardening.no_new_privileges = spec.hardening.no_new_privileges;
  rights.hardening.capabilities = spec.hardening.capabilities;
  return rights;
}

bool HasLimits(const AppSpec& spec) {
  const Limits& limits = spec.limits;
  const Hardening& hardening = spec.hardening;
  return WantsCgroup(limits) || limits.nofile > 0 ||
         CoreBytes(spec).has_value() || limits.nice.has_value() ||
         limits.umask.has_value() || limits.oom_score_adj.has_value() ||
         hardening.no_new_privileges || hardening.capabilities.has_value() ||
         WantsMounts(hardening);
}

Confinement MakeConfinement(const AppSpec& spec, const LimitGround& ground) {
  const Limits& limits = spec.limits;
  const Hardening& hardening = spec.hardening;
  Confinement confinement;
  if (limits.memory_max_bytes > 0 && ground.memory_cgroup == 0) {
    AddRlimit(RLIMIT_DATA, Amount(limits.memory_max_bytes), confinement);
  }
  if (limits.pids > 0 && ground.pids_cgroup == 0 && ground.own_user) {
    AddRlimit(RLIMIT_NPROC, Amount(limits.pids), confinement);
  }
  if (limits.nofile > 0) {
    AddRlimit(RLIMIT_NOFILE, Amount(limits.nofile), confinement);
  }
  if (const std::optional<int64_t> core = CoreBytes(spec); core.has_value()) {
    AddRlimit(RLIMIT_CORE, Amount(*core), confinement);
  }
  confinement.nice = limits.nice;
  confinement.umask = limits.umask;
  confinement.oom_score_adj = limits.oom_score_adj;
  confinement.no_new_privileges = hardening.no_new_privileges;
  confinement.read_only_paths = hardening.read_only_paths;
  confinement.private_tmp = hardening.private_tmp;
  if (!hardening.capabilities.has_value()) return confinement;
  uint64_t mask = 0;
  for (const std::string& name : *hardening.capabilities) {
    // The spec was validated.
    mask |= uint64_t{1} << CapabilityNumber(name).value_or(0);
  }
  confinement.capabilities = mask;
  return confinement;
}

std::vector<LimitNote> DescribeLimits(const AppSpec& spec,
                                      const LimitGround& ground) {
  Notes notes;
  DescribeResources(spec, ground, notes);
  DescribeHardening(spec.hardening, ground, notes);
  return notes.Take();
}

absl::Status CheckHardening(const AppSpec& spec, const LimitGround& ground,
                            const std::string& runtime_dir) {
  const Hardening& hardening = spec.hardening;
  bool privileged =
      WantsMounts(hardening) || hardening.capabilities.has_value();
  if (privileged && !ground.root) {
    return absl::PermissionDeniedError(
        "hardening: capabilities, read_only_paths and private_tmp need an "
        "agent "
        "that runs as root; run it so, or take them out of the spec "
        "(no_new_privileges works without)");
  }
  for (const char* tmp : {"/tmp/", "/var/tmp/"}) {
    if (!hardening.private_tmp || !absl::StartsWith(runtime_dir, tmp)) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "hardening.private_tmp would hide the agent's own folder ", runtime_dir,
        " from the worker; start the agent with a --state-dir outside of "
        "/tmp"));
  }
  return absl::OkStatus();
}

}  // namespace fleet::agent
