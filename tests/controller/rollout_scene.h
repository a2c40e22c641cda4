// A rollout, its hosts and a clock, written as words.
#ifndef FLEET_TESTS_CONTROLLER_ROLLOUT_SCENE_H_
#define FLEET_TESTS_CONTROLLER_ROLLOUT_SCENE_H_

#include <string>
#include <vector>

#include "controller/rollout/planner.h"

namespace fleet::controller {

// Hosts are named a, b, c … in the order of the words. The rollout deploys
// revision 2 of "web" as generation 7.
class RolloutScene {
 public:
  // `steps`: a word for each host's step, as HostStepPhase's names (SKIPPED is
  // by unreachability, LOST is FAILED for want of contact).
  // `hosts`: what each host is now:
  //   old        connected, at the generation before
  //   idle       connected, has accepted the new one, no word of the step
  //   applying verifying done failed   connected, and says so
  //   newer      connected, at a generation that is higher
  //   broken     as old, half of its 4 instances are down
  //   dead       as old, all are down
  //   cordoned   as old, and cordoned
  //   crashed    as done, and a worker was restarted since
  //   unready    as done, one instance is not ready
  //   back       connected, done with the way back to revision 1
  //   away       not connected, last seen at the generation before
  //   gone       removed
  RolloutScene(const std::string& steps, const std::string& hosts);

  void SetHosts(const std::string& hosts);
  // PlanRollout, then Apply.
  Plan Step();
  // Step, until the plan is empty. The first plan that was not, if any.
  void Settle();
  void Pass(absl::Duration d);
  // Hosts i… are of wave waves[i].
  void SetWaves(const std::vector<int>& waves);
  void SetZones(const std::string& zones);

  std::string Steps() const;
  // "1 1 2".
  std::string Waves() const;
  // "ROLLING", "ROLLING aborting", "ROLLING+USER+FAILURE" …
  std::string Phase() const;

  Rollout rollout;
  FleetView fleet;
  Moment now{absl::FromUnixSeconds(1000), absl::FromUnixSeconds(1700000000)};
};

// A view by its word; generation 7 is `generation`.
HostView ViewOf(const std::string& word, int64_t generation);

// "a:7 b:8": hosts and generations.
std::string Text(const std::vector<TargetChange>& targets);

}  // namespace fleet::controller

#endif  // FLEET_TESTS_CONTROLLER_ROLLOUT_SCENE_H_
