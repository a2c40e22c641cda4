// What an app's workers may use and may do: a part of AppSpec.
// fleet/v1/app.proto says what each field means.
#ifndef FLEET_PROTO_RPC_APP_LIMITS_H_
#define FLEET_PROTO_RPC_APP_LIMITS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

// 0 or unset: no limit of the app's own.
struct Limits {
  int64_t memory_max_bytes = 0;
  int64_t memory_high_bytes = 0;
  double cpu_cores = 0;
  int64_t pids = 0;
  int64_t nofile = 0;
  std::optional<int64_t> core_bytes;  // -1: no limit.
  std::optional<int> nice;
  std::optional<uint32_t> umask;
  std::optional<int> oom_score_adj;
};

struct Hardening {
  bool no_new_privileges = false;
  // Names that CapabilityNumber knows. Unset: untouched; empty: none is kept.
  std::optional<std::vector<std::string>> capabilities;
  std::vector<std::string> read_only_paths;
  bool private_tmp = false;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_APP_LIMITS_H_
