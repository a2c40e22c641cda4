// An app's spec as every program handles it inside: plain values, defaults
// filled in. fleet/v1/app.proto says what each field means.
#ifndef FLEET_PROTO_RPC_APP_SPEC_H_
#define FLEET_PROTO_RPC_APP_SPEC_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet {

enum class ExecMode { kFork, kCluster };
enum class SocketSharing { kSlot, kShared };
enum class ReloadStrategy { kDefault, kSurge, kStopFirst };

struct RestartPolicy {
  bool autorestart = true;
  absl::Duration min_uptime = absl::Seconds(1);
  int max_restarts = 16;
  absl::Duration restart_delay;
  absl::Duration exp_backoff_restart_delay;
  std::vector<int> stop_exit_codes;
  int64_t max_memory_bytes = 0;
};

struct HttpProbe {
  int port = 0;
  std::string path = "/";
  int status = 0;  // 0: any of 200 to 399.
};

struct TcpProbe {
  int port = 0;
};

struct ReadinessGate {
  bool wait_ready = false;
  bool notify = false;
  std::optional<HttpProbe> http;
  std::optional<TcpProbe> tcp;
  absl::Duration timeout = absl::Seconds(60);
  absl::Duration interval;  // Zero: 0.2 s until ready, then 5 s.
  absl::Duration probe_timeout = absl::Seconds(1);
  int success_threshold = 1;
  int failure_threshold = 3;
};

struct StopPolicy {
  absl::Duration kill_timeout = absl::Seconds(30);
  std::string signal = "SIGTERM";
  bool shutdown_with_message = false;
  bool treekill = true;
};

struct LogPolicy {
  std::string out_file;  // Empty: in the agent's own folder.
  std::string error_file;
  bool merge = false;
  int64_t max_size_bytes = 10 << 20;
  int max_files = 10;
  bool disabled = false;
};

struct AppSpec {
  std::string name;
  std::string app_namespace = "default";

  std::string script;
  std::vector<std::string> args;
  std::string interpreter;  // Resolved by ApplyDefaults; "none": no one.
  std::vector<std::string> interpreter_args;
  std::string cwd;
  std::string user;
  std::string group;

  int instances = 1;
  ExecMode exec_mode = ExecMode::kFork;
  std::vector<std::string> listen;
  SocketSharing socket_sharing = SocketSharing::kSlot;
  ReloadStrategy reload_strategy = ReloadStrategy::kDefault;
  bool graceful_drain = true;

  std::map<std::string, std::string> env;
  std::string instance_var = "NODE_APP_INSTANCE";
  std::string increment_var;
  int port = 0;  // 0: unset.

  RestartPolicy restart;
  ReadinessGate readiness;
  StopPolicy stop;
  LogPolicy logs;
  RolloutPolicySpec rollout;
  std::string hosts = "all";
};

// Node runs it: it gets the IPC channel, and in cluster mode Node's cluster
// protocol.
bool IsNode(const AppSpec& spec);

// What a reload of it does where nothing else is asked for.
ReloadStrategy EffectiveStrategy(const AppSpec& spec);

// Workers on a host of `cores` cores, for `instances` as in the spec (0, -1).
int ResolveInstances(int instances, int cores);

// Fills in what depends on other fields: the interpreter by the extension of
// `script`, `name` by the script's, 0-valued thresholds.
void ApplyDefaults(AppSpec& spec);

// INVALID_ARGUMENT whose message names the field, the value and what would be
// right; all violations, one a line. Looks at nothing outside the spec.
absl::Status ValidateAppSpec(const AppSpec& spec);

// "field: old → new", in a fixed order; empty when nothing differs. Values of
// env are shown as set, changed or removed, by name only.
std::vector<std::string> DiffAppSpecs(const AppSpec& from, const AppSpec& to);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_APP_SPEC_H_
