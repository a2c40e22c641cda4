// A failing seed with as little in it as possible.
#ifndef FLEET_TESTS_SIM_SHRINK_H_
#define FLEET_TESTS_SIM_SHRINK_H_

#include <cstdint>

#include "tests/sim/trace.h"

namespace fleet::sim {

// Leaves out happenings of the seed's story as long as it still fails in some
// way, then tells what happens in what is left. A story ends with its first
// violation, so this takes about a second.
void Shrink(uint64_t seed, const Trace::Sink& sink);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_SHRINK_H_
