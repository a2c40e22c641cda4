#include "tests/sim/hook_script.h"

#include "absl/strings/match.h"

namespace fleet::sim {

HookBehaviour BehaviourOf(const std::string& command, bool first_run,
                          bool varies, Random random) {
  HookBehaviour run;
  run.time = varies ? random.Between(absl::Milliseconds(5), absl::Seconds(4))
                    : absl::Seconds(2);
  if (absl::EndsWith(command, "/slow")) run.time *= 10;
  if (absl::EndsWith(command, "/hangs")) run.time = absl::InfiniteDuration();
  if (absl::EndsWith(command, "/missing")) {
    run.time = absl::Milliseconds(1);
    run.success = false;
  }
  if (absl::EndsWith(command, "/fails")) run.success = false;
  if (absl::EndsWith(command, "/fails-once")) run.success = !first_run;
  if (absl::EndsWith(command, "/flaky")) run.success = !random.OneIn(3);
  return run;
}

Hook DrawHook(Random& random, bool harmless) {
  const char* const kKinds[] = {"works", "works",      "works",  "slow",
                                "works", "flaky",      "flaky",  "fails",
                                "hangs", "fails-once", "missing"};
  Hook hook;
  hook.command = std::string("./") + kKinds[random.Below(harmless ? 5 : 11)];
  // What is slow may still be too slow.
  hook.timeout = random.Between(harmless ? absl::Seconds(45) : absl::Seconds(3),
                                absl::Seconds(60));
  return hook;
}

}  // namespace fleet::sim
