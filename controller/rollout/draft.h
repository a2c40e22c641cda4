// A plan in the making: a rollout and the changes so far.
#ifndef FLEET_CONTROLLER_ROLLOUT_DRAFT_H_
#define FLEET_CONTROLLER_ROLLOUT_DRAFT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "controller/rollout/planner.h"

namespace fleet::controller {

// For the engine's own files. A value that refers to `base`, which must
// outlive it. Every change of phase goes through it: it checks that the change
// is legal and records the event.
class Draft {
 public:
  Draft(const Rollout& base, Moment now, std::string actor = "");

  const Rollout& base() const { return base_; }
  RolloutState& state() { return plan_.state; }
  const RolloutState& state() const { return plan_.state; }
  const StepCounts& counts() const { return counts_; }
  size_t size() const { return base_.steps.size(); }
  const Moment& now() const { return now_; }
  // What the rollout's clock shows.
  absl::Duration elapsed() const {
    return plan_.state.clock.Elapsed(now_.steady);
  }

  // As changed so far.
  const HostStep& step(size_t i) const;
  // For all fields but the phase. Such a change alone need not be saved.
  HostStep& Edit(size_t i);

  void MoveStep(size_t i, HostStepPhase phase, const std::string& reason);
  // Without an event of its own.
  void MoveStepSilently(size_t i, HostStepPhase phase,
                        const std::string& reason);
  // PENDING → ADMITTED, with its target.
  void Admit(size_t i);
  // The host gets the rollout's target (without a step being in flight).
  void AddTarget(size_t i);

  void MoveTo(RolloutPhase phase, const std::string& message);
  // Replaces a hold of the same kind. Stops the clock.
  void AddHold(HoldKind kind, const std::string& reason);
  void LiftHold(HoldKind kind);
  // About the rollout as a whole.
  void Record(const std::string& message);
  // The progress deadline counts from now.
  void RestartProgress();
  void SetProven() { plan_.proven = true; }

  Plan Take(absl::Time wake_up = absl::InfiniteFuture()) &&;

 private:
  RolloutEvent& AddEvent(const std::string& message);

  const Rollout& base_;
  const Moment now_;
  const std::string actor_;
  Plan plan_;
  StepCounts counts_;
  // Index in plan_.steps, or -1.
  std::vector<int32_t> changed_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_DRAFT_H_
