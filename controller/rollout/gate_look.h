// Looking at the metric gates of a wave that bakes.
#ifndef FLEET_CONTROLLER_ROLLOUT_GATE_LOOK_H_
#define FLEET_CONTROLLER_ROLLOUT_GATE_LOOK_H_

#include <string>

#include "controller/rollout/planning.h"

namespace fleet::controller {

// For a bake that begins: the first look is after the gate's interval, or at
// the end of the bake time.
void ResetGates(Draft& draft);

// Takes the answers that have come, and looks at what is due: every interval,
// and once more when the bake time is `over`. kFail: one has failed. Before
// the end that is all that counts; then kNone: an answer is still awaited,
// kInconclusive: one has none, kPass: all have passed.
GateVerdict LookAtGates(Planning& planning, bool over);

// After a pause: nobody has looked meanwhile, so that what was found is not
// known to have gone on. A gate's window begins anew.
void ForgetFound(Draft& draft);

// "restarts <= 0: 2 restarts on host-1".
std::string FailedGate(const Planning& planning);
std::string SilentGate(const Planning& planning);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_GATE_LOOK_H_
