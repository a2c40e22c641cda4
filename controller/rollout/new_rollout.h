// How a rollout begins: its hosts in order, and its first event.
#ifndef FLEET_CONTROLLER_ROLLOUT_NEW_ROLLOUT_H_
#define FLEET_CONTROLLER_ROLLOUT_NEW_ROLLOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "controller/rollout/host_view.h"
#include "controller/rollout/plan.h"
#include "controller/rollout/rollout.h"

namespace fleet::controller {

// A host of a rollout to be.
struct Candidate {
  std::string host;
  std::string zone;
  HostView view;
  // In flight in the rollout that this one supersedes.
  bool disturbed = false;
};

// Orders the hosts: disturbed ones first, then as the policy says; those that
// are not connected or are cordoned last. `wave_ends` is what WaveEnds gave
// for so many.
std::vector<HostStep> MakeSteps(std::vector<Candidate> candidates,
                                HostOrder order,
                                const std::vector<int>& wave_ends,
                                int64_t generation);

// "QUEUED" with its first event. `rollout` has all fixed fields and its steps.
Plan BeginRollout(const Rollout& rollout, Moment now);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_NEW_ROLLOUT_H_
