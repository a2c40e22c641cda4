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
#include "proto/rpc/app_limits.h"
#include "proto/rpc/app_logs.h"
#include "proto/rpc/app_probes.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet {

enum class ExecMode { kFork, kCluster };
enum class SocketSharing { kSlot, kShared };
enum class ReloadStrategy { kDefault, kSurge, kStopFirst };
enum class CronMissed { kSkip, kRun };

struct RestartPolicy {
  bool autorestart = true;
  absl::Duration min_uptime = absl::Seconds(1);
  int max_restarts = 16;
  absl::Duration restart_delay;
  absl::Duration exp_backoff_restart_delay;
  std::vector<int> stop_exit_codes;
  int64_t max_memory_bytes = 0;
  std::string cron_restart;    // Empty: none.
  std::string cron_time_zone;  // Empty: the host's own.
  absl::Duration cron_spread;
  CronMissed cron_missed = CronMissed::kSkip;
};

struct WatchPolicy {
  std::vector<std::string> paths;   // Empty: nothing is watched.
  std::vector<std::string> ignore;  // Empty: node_modules and dot files.
  absl::Duration delay = absl::Milliseconds(200);
};

struct StopPolicy {
  absl::Duration kill_timeout = absl::Seconds(30);
  std::string signal = "SIGTERM";
  bool shutdown_with_message = false;
  bool treekill = true;
};

// Bytes of a secret's value from which on it is hidden wherever it stands in
// what is told of its app; a shorter one only where it stands alone.
inline constexpr size_t kShortestHiddenAnywhere = 6;

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

  bool takeover = false;
  std::map<std::string, std::string> secrets;  // Variable -> secret's name.
  Limits limits;
  Hardening hardening;
  std::vector<std::string> depends_on;
  Liveness liveness;
  WatchPolicy watch;
  bool autostart = true;
  std::vector<std::string> env_files;
  std::string pid_file;  // Empty: none.
  bool stdin_pipe = false;
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
