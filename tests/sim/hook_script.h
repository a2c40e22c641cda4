// What the commands of hooks do.
#ifndef FLEET_TESTS_SIM_HOOK_SCRIPT_H_
#define FLEET_TESTS_SIM_HOOK_SCRIPT_H_

#include <string>

#include "absl/time/time.h"
#include "proto/rpc/rollout_policy.h"
#include "tests/sim/random.h"

namespace fleet::sim {

// A run of one, as it would be if nobody interfered. A value.
struct HookBehaviour {
  absl::Duration time;  // InfiniteDuration: it does not end.
  bool success = true;
};

// By its command, "./KIND": works, slow, fails, fails-once (the first run of it
// on a host), flaky (one run of three), hangs, missing (cannot be started).
// Without `varies` a run takes 2 s (slow: 20 s).
HookBehaviour BehaviourOf(const std::string& command, bool first_run,
                          bool varies, Random random);

// One for a random policy. `harmless`: it works.
Hook DrawHook(Random& random, bool harmless);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_HOOK_SCRIPT_H_
