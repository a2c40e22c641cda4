// One planning: the vocabulary in which the planner's parts read the rollout
// and add to the plan.
#ifndef FLEET_CONTROLLER_ROLLOUT_PLANNING_H_
#define FLEET_CONTROLLER_ROLLOUT_PLANNING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/rollout/draft.h"
#include "controller/rollout/host_view.h"

namespace fleet::controller {

// What one look at all hosts counts.
struct Tally {
  // Indices of steps in flight.
  std::vector<uint32_t> in_flight;
  // PENDING, of waves up to the present one.
  int open = 0;
  // Of the present wave alone.
  int wave_done = 0;
  int wave_failed = 0;
  // DONE, and away or not quite ready while the wave bakes. Those of earlier
  // waves are no longer watched.
  int unsteady = 0;
  int skipped_away = 0;
  // Instances that are not available, or are about to be on account of a step.
  int64_t down = 0;
};

// Used by the planner's own files, on the stack of one PlanRollout call.
class Planning {
 public:
  Planning(const Rollout& rollout, const FleetView& fleet, Moment now)
      : fleet_(fleet), draft_(rollout, now) {}

  Draft& draft() { return draft_; }
  const Draft& draft() const { return draft_; }
  const FleetView& fleet() const { return fleet_; }
  const HostView& view(size_t i) const { return fleet_.hosts[i]; }
  const Policy& policy() const { return draft_.policy(); }
  RolloutState& state() { return draft_.state(); }
  const RolloutState& state() const { return draft_.state(); }
  Tally& tally() { return tally_; }
  const Tally& tally() const { return tally_; }

  // After a start of the controller, hosts are waited for.
  bool resyncing() const { return resyncing_; }
  void set_resyncing(bool resyncing) { resyncing_ = resyncing; }

  // Nobody is admitted (in either direction) on account of a hold.
  bool Held() const { return resyncing_ || ClockStands(draft_.state()); }
  // A failure of the rollout has not been answered yet.
  bool MayFail() const;
  // Answers it by the policy's on_failure.
  void Fail(const std::string& reason);

  // Counts all steps anew, as they are in the draft.
  void Recount();
  // Adds step `i` to the tally.
  void Count(size_t i);
  // Instances that a step in flight may have taken down. Of a host that has not
  // been heard of since the controller's start the worst is assumed.
  int TakenBy(size_t i) const;

  // The plan's wake-up is not later than this point on the rollout's clock,
  // or this steady time.
  void WakeAtPoint(absl::Duration point);
  void WakeAt(absl::Time when);
  absl::Time wake_up() const;

  // Names of hosts whose step fulfils a condition.
  template <class Predicate>
  std::vector<std::string> HostsThat(Predicate predicate) const {
    std::vector<std::string> hosts;
    for (size_t i = 0; i < draft_.size(); ++i) {
      if (predicate(draft_.step(i))) hosts.push_back(draft_.step(i).host);
    }
    return hosts;
  }
  // Those that failed (in this direction): one by its full text, more by name
  // with the first one's text.
  std::string FailedHosts(HostStepPhase failed) const;
  // What runs where, at an end that is no success.
  std::string FinalState() const;

 private:
  const FleetView& fleet_;
  Draft draft_;
  Tally tally_;
  bool resyncing_ = false;
  absl::Duration wake_point_ = absl::InfiniteDuration();
  absl::Time wake_at_ = absl::InfiniteFuture();
};

// "wave 2 of 3"; "" when there is but one.
std::string WaveText(const Planning& planning);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_PLANNING_H_
