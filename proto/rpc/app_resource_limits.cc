// What the limits and the hardening of a spec may hold.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/rpc/app_limits.h"
#include "proto/rpc/capability_name.h"
#include "proto/rpc/violations.h"

namespace fleet {
namespace {

constexpr int64_t kLeastMemory = 1 << 20;
constexpr int64_t kMostMemory = int64_t{1} << 50;
constexpr int64_t kMostPids = 1 << 22;
// The kernel's own, sysctl_nr_open_max.
constexpr int64_t kMostFiles = 1'073'741'816;
constexpr double kLeastCores = 0.01;
constexpr double kMostCores = 1024;
constexpr uint32_t kMostMask = 0777;
constexpr size_t kMostPaths = 64;

// 0 is no limit.
void CheckAmount(absl::string_view field, int64_t value, int64_t low,
                 int64_t high, Violations& v) {
  if (value != 0) v.Range(field, value, low, high);
}

}  // namespace

void CheckLimits(const Limits& limits, Violations& v) {
  CheckAmount("limits.memory_max_bytes", limits.memory_max_bytes, kLeastMemory,
              kMostMemory, v);
  CheckAmount("limits.memory_high_bytes", limits.memory_high_bytes,
              kLeastMemory, kMostMemory, v);
  v.Require(limits.memory_max_bytes == 0 ||
                limits.memory_high_bytes <= limits.memory_max_bytes,
            "limits.memory_high_bytes",
            absl::StrCat(limits.memory_high_bytes,
                         " is above limits.memory_max_bytes, ",
                         limits.memory_max_bytes, ", and could not act"));
  v.Require(limits.cpu_cores == 0 || (limits.cpu_cores >= kLeastCores &&
                                      limits.cpu_cores <= kMostCores),
            "limits.cpu_cores",
            absl::StrCat(limits.cpu_cores,
                         " is out of range, it must be 0.01 to 1024 cores"));
  CheckAmount("limits.pids", limits.pids, 1, kMostPids, v);
  CheckAmount("limits.nofile", limits.nofile, 1, kMostFiles, v);
  v.Range("limits.core_bytes", limits.core_bytes.value_or(0), -1, kMostMemory);
  v.Range("limits.nice", limits.nice.value_or(0), -20, 19);
  v.Require(limits.umask.value_or(0) <= kMostMask, "limits.umask",
            "it must be three octal digits, 000 to 777, e.g. 027");
  v.Range("limits.oom_score_adj", limits.oom_score_adj.value_or(0), -1000,
          1000);
}

void CheckHardening(const Hardening& hardening, Violations& v) {
  if (hardening.capabilities.has_value()) {
    std::set<int> seen;
    for (const std::string& name : *hardening.capabilities) {
      const std::optional<int> number = CapabilityNumber(name);
      v.Require(number.has_value(), "hardening.capabilities",
                absl::StrCat(Quoted(name),
                             " is not a capability of Linux; use e.g. "
                             "CAP_NET_BIND_SERVICE"));
      v.Require(!number.has_value() || seen.insert(*number).second,
                "hardening.capabilities",
                absl::StrCat(Quoted(name), " is named twice"));
    }
  }
  v.Require(hardening.read_only_paths.size() <= kMostPaths,
            "hardening.read_only_paths", "there are more than 64");
  for (const std::string& path : hardening.read_only_paths) {
    v.Require(!path.empty(), "hardening.read_only_paths",
              "one of the paths is empty");
    CheckPath("hardening.read_only_paths", path, true, v);
  }
}

}  // namespace fleet
