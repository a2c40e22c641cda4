// From wave to wave, and to the end.
#ifndef FLEET_CONTROLLER_ROLLOUT_WAVE_H_
#define FLEET_CONTROLLER_ROLLOUT_WAVE_H_

#include "controller/rollout/planning.h"

namespace fleet::controller {

// When nobody of the waves so far is left: the wave bakes, waits for a person,
// or gives way to the next one; after the last one the rollout succeeds or, for
// hosts that failed within max_failures, holds. A wave of which no host got
// through fails the rollout. True: look again, something else may follow.
//
// The planning's tally must be up to date; it is afterwards.
bool AdvanceWave(Planning& planning);

// A hold keeps nobody from success when there is nothing left to do. As
// AdvanceWave.
bool SucceedIfDone(Planning& planning);

// Hosts whose turn has not come are SKIPPED. False: the plan is full, and some
// are left.
bool SkipRest(Planning& planning);

// Ends an aborting rollout once nothing is in flight. As AdvanceWave.
bool EndIfIdle(Planning& planning);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_WAVE_H_
