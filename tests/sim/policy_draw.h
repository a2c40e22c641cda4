// Specs and policies from a seed.
#ifndef FLEET_TESTS_SIM_POLICY_DRAW_H_
#define FLEET_TESTS_SIM_POLICY_DRAW_H_

#include "proto/rpc/app_spec.h"
#include "tests/sim/random.h"
#include "tests/sim/releases.h"

namespace fleet::sim {

// Any policy that can be written, with deadlines short enough for a story.
RolloutPolicySpec DrawPolicy(Random& random);

// How workers are started, stopped and replaced; the rest of `spec` stays.
// Hooks in the spec of a release, which go with every rollout that has none of
// its own, and with the way back to it. `harmless`: they work.
void DrawSpecHooks(Random& random, AppSpec& spec, bool harmless);
void DrawSpec(Random& random, AppSpec& spec);

Release DrawRelease(Random& random);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_POLICY_DRAW_H_
