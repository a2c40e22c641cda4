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
void DrawSpec(Random& random, AppSpec& spec);

Release DrawRelease(Random& random);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_POLICY_DRAW_H_
