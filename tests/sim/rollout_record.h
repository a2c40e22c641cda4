// A rollout as the controller's commits tell it.
#ifndef FLEET_TESTS_SIM_ROLLOUT_RECORD_H_
#define FLEET_TESTS_SIM_ROLLOUT_RECORD_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/rollout.h"
#include "tests/sim/stopwatch.h"

namespace fleet::sim {

// What the referees of rollouts know of one. A value.
struct RolloutRecord {
  controller::Rollout head;  // Without steps.
  std::map<int64_t, controller::HostStep> steps;
  std::map<int64_t, controller::RolloutEvent> events;  // By seq.
  // Hosts that were ever given a target of it.
  std::set<std::string> touched;

  // Of the commit that is looked at: steps that were admitted (or turned back,
  // having held no slot), and whether a person ordered it.
  std::vector<int64_t> admitted;
  bool by_person = false;

  // Since a host was last DONE; since it began to roll; by step, since it was
  // admitted, and since it was lost from sight.
  Stopwatch progress;
  Stopwatch total;
  std::map<int64_t, Stopwatch> working;
  std::map<int64_t, Stopwatch> lost;

  // Of the wave that is under way: in BAKING, whether a person has ordered
  // something meanwhile (which may have been to promote it), and the restarts
  // of its hosts when the bake began, as its controller knew them.
  Stopwatch baking;
  bool promoted = false;
  int64_t bake_epoch = 0;
  std::map<int64_t, int64_t> bake_restarts;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_ROLLOUT_RECORD_H_
