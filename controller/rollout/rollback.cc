#include "controller/rollout/rollback.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/rollout/admission.h"
#include "controller/rollout/host_follower.h"
#include "controller/rollout/rollout_text.h"
#include "controller/rollout/wave.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

bool IsForward(HostStepPhase phase) {
  return InFlight(phase) && phase != HostStepPhase::kReverting;
}

// Touched, ended, and not brought back yet, or to be brought back again.
bool ToBeReverted(const HostStep& step, int64_t generation) {
  switch (step.phase) {
    case HostStepPhase::kPending:
    case HostStepPhase::kDone:
    case HostStepPhase::kFailed:
      return step.touched;
    case HostStepPhase::kSkipped:
      return step.touched && (step.skip == SkipReason::kUnreachable ||
                              step.skip == SkipReason::kCordoned);
    case HostStepPhase::kRevertFailed:
      return step.generation < generation;
    case HostStepPhase::kAdmitted:
    case HostStepPhase::kApplying:
    case HostStepPhase::kVerifying:
    case HostStepPhase::kUnknown:
    case HostStepPhase::kReverting:
    case HostStepPhase::kReverted:
      return false;
  }
  FLEET_CHECK(false);
}

bool Forgettable(HostStepPhase phase) {
  return LegalTransition(phase, HostStepPhase::kSkipped);
}

// One that is away is waited for from now on.
void TurnBack(Planning& planning, size_t i) {
  planning.draft().Revert(i);
  if (!planning.view(i).connected) FollowHost(planning, i);
}

void RevertInFlight(Planning& planning) {
  for (uint32_t i : planning.tally().in_flight) {
    if (planning.draft().Full()) return;
    if (IsForward(planning.draft().step(i).phase)) TurnBack(planning, i);
  }
}

// In this order: what is down already counts against those that serve, and
// those that failed serve worst.
enum class Turn { kDown, kFailed, kServes };

Turn TurnOf(const HostStep& step, const HostView& view) {
  if (DownNow(view) > 0) return Turn::kDown;
  return step.phase == HostStepPhase::kFailed ? Turn::kFailed : Turn::kServes;
}

int RevertSome(Planning& planning, Turn turn, Admission& admission) {
  Draft& draft = planning.draft();
  int left = 0;
  for (size_t i = 0; i < draft.size(); ++i) {
    const HostStep& step = draft.step(i);
    if (!ToBeReverted(step, draft.state().generation)) continue;
    if (TurnOf(step, planning.view(i)) != turn) continue;
    if (planning.view(i).removed) {
      if (Forgettable(step.phase)) {
        draft.Skip(i, SkipReason::kRemoved, "removed from the fleet");
      }
    } else if (!draft.Full() && admission.MayRevert(i)) {
      TurnBack(planning, i);
      admission.Took(i);
    } else {
      ++left;
    }
    if (draft.Full()) return left + 1;
  }
  return left;
}

std::string EndText(const Planning& planning, bool failed) {
  const Draft& draft = planning.draft();
  std::string text = absl::StrCat(draft.state().end_reason, ". ");
  if (failed) {
    absl::StrAppend(&text, "The rollback failed: ",
                    planning.FailedHosts(HostStepPhase::kRevertFailed), ". ");
  } else if (draft.counts().reverted + draft.counts().revert_failed == 0) {
    absl::StrAppend(&text, "No host had to go back. ");
  }
  absl::StrAppend(&text, planning.FinalState());
  std::vector<std::string> away = planning.HostsThat([](const HostStep& step) {
    return step.phase == HostStepPhase::kRevertFailed && step.lost;
  });
  if (!away.empty()) {
    absl::StrAppend(&text,
                    "; out of reach, to follow when back: ", HostList(away));
  }
  std::vector<std::string> joined;
  for (const auto& [host, revision] : planning.fleet().joined) {
    if (revision != planning.draft().base().rollback_revision) {
      joined.push_back(host);
    }
  }
  if (!joined.empty()) {
    absl::StrAppend(&text, "; joined meanwhile, to follow: ", HostList(joined));
  }
  return text;
}

void End(Planning& planning) {
  if (!SkipRest(planning)) return;
  // What is out of reach has its target, and follows by itself.
  const bool failed =
      !planning
           .HostsThat([](const HostStep& step) {
             return step.phase == HostStepPhase::kRevertFailed && !step.lost;
           })
           .empty();
  planning.draft().MoveTo(
      failed ? RolloutPhase::kRollbackFailed : RolloutPhase::kRolledBack,
      EndText(planning, failed));
}

}  // namespace

void BeginRollback(Draft& draft, const std::string& reason) {
  RolloutState& state = draft.state();
  std::erase_if(state.holds,
                [](const Hold& h) { return h.kind != HoldKind::kUser; });
  state.end_reason = reason;
  ++state.generation;
  draft.MoveTo(RolloutPhase::kRollingBack,
               absl::StrCat("rolling back to revision ",
                            draft.base().rollback_revision, ": ", reason));
  if (!ClockStands(state)) state.clock.Run(draft.now().steady);
  draft.RestartTotal();
}

std::string WhyNoRollback(const Rollout& rollout) {
  if (rollout.kind == RolloutKind::kRollback) {
    return "it is a rollback itself";
  }
  return absl::StrCat("no other revision of ", rollout.app,
                      " has been rolled out with success");
}

bool AdvanceRollback(Planning& planning) {
  if (planning.Held()) return false;
  RevertInFlight(planning);
  planning.Recount();
  Admission admission(planning);
  int left = 0;
  for (const Turn turn : {Turn::kDown, Turn::kFailed, Turn::kServes}) {
    left += RevertSome(planning, turn, admission);
  }
  planning.Recount();  // For the deadlines of those that have begun.
  if (planning.draft().Full()) return false;
  if (left > 0 || planning.draft().counts().in_flight > 0) return false;
  End(planning);
  return true;
}

}  // namespace fleet::controller
