// A plan in the making: a rollout and the changes so far.
#ifndef FLEET_CONTROLLER_ROLLOUT_DRAFT_H_
#define FLEET_CONTROLLER_ROLLOUT_DRAFT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "controller/rollout/plan.h"

namespace fleet::controller {

// For the engine's own files. A value that refers to `base`, which must
// outlive it. Every change of phase goes through it: it checks that the change
// is legal and records the event.
class Draft {
 public:
  Draft(const Rollout& base, Moment now, std::string actor = "");

  const Rollout& base() const { return base_; }
  const Policy& policy() const { return base_.policy; }
  RolloutState& state() { return plan_.state; }
  const RolloutState& state() const { return plan_.state; }
  const StepCounts& counts() const { return counts_; }
  size_t size() const { return base_.steps.size(); }
  const Moment& now() const { return now_; }
  // What the rollout's clock shows.
  absl::Duration elapsed() const {
    return plan_.state.clock.Elapsed(now_.steady);
  }
  // No more steps should be changed by this plan.
  bool Full() const { return plan_.steps.size() >= kMaxStepsPerPlan; }

  // As changed so far.
  const HostStep& step(size_t i) const {
    return changed_[i] < 0 ? base_.steps[i] : plan_.steps[changed_[i]].step;
  }
  // For all fields but the phase. Edit's changes alone need not be stored.
  HostStep& Edit(size_t i) { return Change(i).step; }
  HostStep& EditAndSave(size_t i);

  void MoveStep(size_t i, HostStepPhase phase, const std::string& reason);
  // Without an event of its own.
  void MoveStepSilently(size_t i, HostStepPhase phase,
                        const std::string& reason);
  void Skip(size_t i, SkipReason why, const std::string& reason);
  // PENDING → ADMITTED, with its target.
  void Admit(size_t i);
  // → REVERTING, with its target at the rollback's revision.
  void Revert(size_t i);
  // The host gets the rollout's target (without a step being in flight).
  void AddTarget(size_t i);
  void AddHook(HookOrder order);
  void AddLook(GateLook look) { plan_.looks.push_back(look); }

  void MoveTo(RolloutPhase phase, const std::string& message);
  // Replaces a hold of the same kind. Stops the clock (but BUDGET).
  void AddHold(HoldKind kind, const std::string& reason);
  // Says nothing; the clock goes on with the next planning.
  void LiftHold(HoldKind kind);
  // About the rollout as a whole, or about a host whose phase stays.
  void Record(const std::string& message);
  void RecordStep(size_t i, const std::string& message);
  // What else changed in state() must be stored.
  void Save() { plan_.save = true; }
  // The deadlines count from now.
  void RestartProgress();
  void RestartTotal();
  void SetProven() { plan_.proven = true; }

  Plan Take(absl::Time wake_up = absl::InfiniteFuture()) &&;

 private:
  StepChange& Change(size_t i);
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
