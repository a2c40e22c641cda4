#include "controller/rollout/draft.h"

#include <algorithm>
#include <utility>

#include "proto/rpc/status.h"

namespace fleet::controller {

Draft::Draft(const Rollout& base, Moment now, std::string actor)
    : base_(base),
      now_(now),
      actor_(std::move(actor)),
      counts_(Count(base.steps)),
      changed_(base.steps.size(), -1) {
  plan_.state = base.state;
}

const HostStep& Draft::step(size_t i) const {
  return changed_[i] < 0 ? base_.steps[i] : plan_.steps[changed_[i]].step;
}

HostStep& Draft::Edit(size_t i) {
  if (changed_[i] < 0) {
    changed_[i] = static_cast<int32_t>(plan_.steps.size());
    plan_.steps.push_back({i, base_.steps[i]});
  }
  return plan_.steps[changed_[i]].step;
}

void Draft::MoveStepSilently(size_t i, HostStepPhase phase,
                             const std::string& reason) {
  HostStep& step = Edit(i);
  FLEET_CHECK(LegalTransition(step.phase, phase));
  counts_.Add(step.phase, -1);
  counts_.Add(phase, 1);
  step.phase = phase;
  step.reason = reason;
  step.end_time = Ended(phase) ? now_.wall : absl::InfinitePast();
  plan_.save = true;
}

void Draft::MoveStep(size_t i, HostStepPhase phase, const std::string& reason) {
  MoveStepSilently(i, phase, reason);
  RolloutEvent& event = AddEvent(reason);
  event.host = base_.steps[i].host;
  event.host_phase = phase;
}

void Draft::Admit(size_t i) {
  MoveStep(i, HostStepPhase::kAdmitted, "");
  HostStep& step = Edit(i);
  step.admit_time = now_.wall;
  step.admitted_at = elapsed();
  step.progress = {};
  AddTarget(i);
}

void Draft::AddTarget(size_t i) {
  const HostStep& target = step(i);
  plan_.targets.push_back(
      {target.host, target.generation, base_.to_revision, base_.policy.step});
  plan_.save = true;
}

void Draft::MoveTo(RolloutPhase phase, const std::string& message) {
  FLEET_CHECK(LegalTransition(plan_.state.phase, phase));
  plan_.state.phase = phase;
  plan_.state.message = message;
  if (Terminal(phase)) {
    plan_.state.end_time = now_.wall;
    plan_.state.holds.clear();
    plan_.state.aborting = false;
    plan_.state.clock.Stop(now_.steady);
  }
  Record(message);
}

void Draft::AddHold(HoldKind kind, const std::string& reason) {
  std::vector<Hold>& holds = plan_.state.holds;
  std::erase_if(holds, [kind](const Hold& h) { return h.kind == kind; });
  holds.push_back({kind, reason, now_.wall});
  plan_.state.clock.Stop(now_.steady);
  plan_.state.message = reason;
  Record(reason);
}

void Draft::LiftHold(HoldKind kind) {
  std::vector<Hold>& holds = plan_.state.holds;
  std::erase_if(holds, [kind](const Hold& h) { return h.kind == kind; });
  plan_.state.message = holds.empty() ? "" : holds.back().reason;
  plan_.save = true;
}

void Draft::Record(const std::string& message) { AddEvent(message); }

void Draft::RestartProgress() {
  plan_.state.progress_at = elapsed() + base_.policy.progress_deadline;
}

Plan Draft::Take(absl::Time wake_up) && {
  plan_.wake_up = wake_up;
  return std::move(plan_);
}

RolloutEvent& Draft::AddEvent(const std::string& message) {
  RolloutEvent event;
  event.seq = ++plan_.state.last_seq;
  event.time = now_.wall;
  event.phase = plan_.state.phase;
  event.message = message;
  event.actor = actor_;
  plan_.events.push_back(std::move(event));
  plan_.save = true;
  return plan_.events.back();
}

void Apply(const Plan& plan, Rollout& rollout) {
  rollout.state = plan.state;
  for (const StepChange& change : plan.steps) {
    FLEET_CHECK(rollout.steps[change.index].host == change.step.host);
    rollout.steps[change.index] = change.step;
  }
}

}  // namespace fleet::controller
