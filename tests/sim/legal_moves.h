// Which changes of phase docs/testing.md and the contract allow, written down
// once more: not the engine's own table.
#ifndef FLEET_TESTS_SIM_LEGAL_MOVES_H_
#define FLEET_TESTS_SIM_LEGAL_MOVES_H_

#include "controller/rollout/rollout.h"

namespace fleet::sim {

// `from` and `to` differ.
bool LegalMove(controller::RolloutPhase from, controller::RolloutPhase to);
bool LegalMove(controller::HostStepPhase from, controller::HostStepPhase to);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_LEGAL_MOVES_H_
