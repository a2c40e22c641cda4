// How the program of a release behaves.
#ifndef FLEET_TESTS_SIM_BEHAVIOUR_H_
#define FLEET_TESTS_SIM_BEHAVIOUR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/hook_runtime.h"
#include "node_agent/worker_runtime.h"
#include "tests/sim/hook_script.h"

namespace fleet::sim {

// What every worker takes of the memory.
inline constexpr int64_t kWorkerBytes = 50 << 20;

// The life of one worker, as it would be if nobody interfered. A value.
struct Behaviour {
  // Its script is missing.
  bool start_fails = false;
  absl::Duration start_time = absl::Milliseconds(2);
  // After its start; InfiniteDuration: never.
  absl::Duration ready_after = absl::Milliseconds(200);
  absl::Duration exit_after = absl::InfiniteDuration();
  agent::WorkerExit exit{agent::WorkerExit::Kind::kExited, 1, "exit code 1"};
  // After it got ready: how long it is ready, then not, then ready …
  std::vector<absl::Duration> flaps;
  // Told to stop, it ends after this; InfiniteDuration: it does not.
  absl::Duration stop_time = absl::Milliseconds(300);
  // From the exit of its main process until nothing of its tree is left.
  absl::Duration linger = absl::Milliseconds(1);
};

// Gives every worker and every run of a hook its life.
class Programs {
 public:
  virtual ~Programs() = default;
  virtual Behaviour Of(const std::string& host,
                       const agent::WorkerIdentity& identity,
                       const AppSpec& spec) = 0;
  virtual HookBehaviour OfHook(const std::string& host,
                               const agent::HookKey& key,
                               const agent::HookOrder& order) = 0;
  // Whether the addresses of the spec can be opened there.
  virtual bool CanListen(const std::string& host, const AppSpec& spec) = 0;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_BEHAVIOUR_H_
