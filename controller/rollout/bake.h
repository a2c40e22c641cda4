// After a wave: its hosts are watched, and the metric gates are looked at.
#ifndef FLEET_CONTROLLER_ROLLOUT_BAKE_H_
#define FLEET_CONTROLLER_ROLLOUT_BAKE_H_

#include <cstddef>

#include "controller/rollout/planning.h"

namespace fleet::controller {

// The policy asks for it.
bool Bakes(const Policy& policy);

// ROLLING → BAKING.
void BeginBake(Planning& planning);
// The bake that is under way starts anew.
void RestartBake(Draft& draft);

// Step `i` is DONE and of a wave that bakes. It gets FAILED, and the bake with
// it, when a worker was restarted, when not all are ready for min_ready_time
// (at most 5 s), or when the host is out of reach for unknown_grace.
void WatchHost(Planning& planning, size_t i);

// Looks at the gates that are due. At the end of the bake time, once every
// host is steady and every gate has passed in a look that was taken after it,
// the wave is baked and BAKING → ROLLING. A gate without an answer then is a
// METRIC hold, in which looks go on. True: the phase has changed, or the
// rollout has failed.
bool AdvanceBake(Planning& planning);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_BAKE_H_
