// What a dry run says.
#ifndef FLEET_CLI_ROLLOUT_ROLLOUT_PLAN_H_
#define FLEET_CLI_ROLLOUT_ROLLOUT_PLAN_H_

#include <string>

#include "fleet/v1/rollout.pb.h"

namespace fleet::cli {

// Lines, each with its newline: the title with an estimate of the time, what
// happens on a failure, and the waves with their hosts in order and what each
// waits for. At most 50 hosts of a wave.
std::string RolloutPlan(const v1::Rollout& rollout);

// The same after "would be made: ", and before it what is in its way: the
// rollout under way, and what would become of either. `supersede`: the plan was
// asked for with it.
std::string DryRunText(const v1::Rollout& plan, bool supersede);

// Of a rollout under way, as it would turn back: which hosts go back, and from
// where, and which are left alone. At most 50 hosts.
std::string UndoPlan(const v1::Rollout& rollout);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ROLLOUT_ROLLOUT_PLAN_H_
