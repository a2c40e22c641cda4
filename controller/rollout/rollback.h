// The way back: every host that was touched gets the proven revision.
#ifndef FLEET_CONTROLLER_ROLLOUT_ROLLBACK_H_
#define FLEET_CONTROLLER_ROLLOUT_ROLLBACK_H_

#include <string>

#include "controller/rollout/draft.h"
#include "controller/rollout/planning.h"

namespace fleet::controller {

// → ROLLING_BACK with a new generation; lifts all holds but USER. The rollout
// must be one that CanRollBack.
void BeginRollback(Draft& draft, const std::string& reason);

// Why the rollout is none that CanRollBack.
std::string WhyNoRollback(const Rollout& rollout);

// Sends hosts back: those in flight at once, for they hold their slots
// already, then those that failed, then the others, max_parallel at a time;
// ends it when none is left. Hosts that were never touched are left alone. A
// host that is out of reach gets its target as well (what it is brought to is
// proven) and is waited for for unknown_grace. True: the phase has changed.
bool AdvanceRollback(Planning& planning);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ROLLBACK_H_
