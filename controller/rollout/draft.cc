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

StepChange& Draft::Change(size_t i) {
  if (changed_[i] < 0) {
    changed_[i] = static_cast<int32_t>(plan_.steps.size());
    plan_.steps.push_back({i, base_.steps[i], false});
  }
  return plan_.steps[changed_[i]];
}

HostStep& Draft::EditAndSave(size_t i) {
  StepChange& change = Change(i);
  change.save = true;
  plan_.save = true;
  return change.step;
}

void Draft::MoveStepSilently(size_t i, HostStepPhase phase,
                             const std::string& reason) {
  HostStep& step = EditAndSave(i);
  FLEET_CHECK(LegalTransition(step.phase, phase));
  counts_.Add(step.phase, -1);
  counts_.Add(phase, 1);
  step.phase = phase;
  step.reason = reason;
  step.away = false;
  step.end_time = Ended(phase) ? now_.wall : absl::InfinitePast();
}

void Draft::MoveStep(size_t i, HostStepPhase phase, const std::string& reason) {
  MoveStepSilently(i, phase, reason);
  RecordStep(i, reason);
}

void Draft::RecordStep(size_t i, const std::string& message) {
  RolloutEvent& event = AddEvent(message);
  event.host = base_.steps[i].host;
  event.host_phase = step(i).phase;
}

void Draft::Skip(size_t i, SkipReason why, const std::string& reason) {
  MoveStep(i, HostStepPhase::kSkipped, reason);
  Edit(i).skip = why;
}

void Draft::Admit(size_t i) {
  MoveStep(i, HostStepPhase::kAdmitted, "");
  HostStep& step = Edit(i);
  step.touched = true;
  step.admit_time = now_.wall;
  step.admitted_at = elapsed();
  step.progress = {};
  AddTarget(i);
}

void Draft::Revert(size_t i) {
  MoveStep(i, HostStepPhase::kReverting, "");
  HostStep& step = Edit(i);
  step.skip = SkipReason::kNone;
  step.lost = false;
  step.generation = plan_.state.generation;
  step.admit_time = now_.wall;
  step.admitted_at = elapsed();
  step.progress = {};
  TargetChange target{step.host, step.generation, base_.rollback_revision,
                      base_.policy.step};
  target.step.keep_matching = true;
  target.step.pre_reload = base_.policy.pre_revert;
  target.step.post_reload = base_.policy.post_revert;
  plan_.targets.push_back(std::move(target));
}

void Draft::AddTarget(size_t i) {
  const HostStep& target = step(i);
  plan_.targets.push_back(
      {target.host, target.generation, base_.to_revision, base_.policy.step});
  plan_.save = true;
}

void Draft::AddHook(HookOrder order) {
  plan_.hooks.push_back(std::move(order));
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
  if (ClockStands(plan_.state)) plan_.state.clock.Stop(now_.steady);
  plan_.state.message = reason;
  Record(reason);
}

void Draft::LiftHold(HoldKind kind) {
  if (!HasHold(plan_.state, kind)) return;
  std::vector<Hold>& holds = plan_.state.holds;
  std::erase_if(holds, [kind](const Hold& h) { return h.kind == kind; });
  plan_.state.message = holds.empty() ? "" : holds.back().reason;
  plan_.save = true;
}

void Draft::Record(const std::string& message) { AddEvent(message); }

void Draft::RestartProgress() {
  plan_.state.progress_at = elapsed() + base_.policy.progress_deadline;
}

void Draft::RestartTotal() {
  plan_.state.total_at = elapsed() + base_.policy.total_deadline;
}

Plan Draft::Take(absl::Time wake_up) && {
  plan_.wake_up = wake_up;
  return std::move(plan_);
}

RolloutEvent& Draft::AddEvent(const std::string& message) {
  RolloutEvent& event = plan_.events.emplace_back();
  event.seq = ++plan_.state.last_seq;
  event.time = now_.wall;
  event.phase = plan_.state.phase;
  event.message = message;
  event.actor = actor_;
  plan_.save = true;
  return event;
}

void Apply(const Plan& plan, Rollout& rollout) {
  rollout.state = plan.state;
  for (const StepChange& change : plan.steps) {
    FLEET_CHECK(rollout.steps[change.index].host == change.step.host);
    rollout.steps[change.index] = change.step;
  }
}

}  // namespace fleet::controller
