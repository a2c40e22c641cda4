#include "controller/rollout/planning.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "controller/rollout/host_follower.h"
#include "controller/rollout/rollback.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/status.h"

namespace fleet::controller {

bool Planning::MayFail() const {
  return !state().aborting && !HasHold(state(), HoldKind::kFailure);
}

void Planning::Fail(const std::string& reason) {
  switch (policy().on_failure) {
    case OnFailure::kPause:
      draft_.AddHold(HoldKind::kFailure, reason);
      return;
    case OnFailure::kAbort:
      state().aborting = state().failed = true;
      state().end_reason = reason;
      state().holds.clear();
      state().message = absl::StrCat("aborting: ", reason);
      state().clock.Run(draft_.now().steady);
      draft_.Record(state().message);
      return;
    case OnFailure::kRollback:
      if (CanRollBack(draft_.base())) {
        state().failed = true;
        BeginRollback(draft_, reason);
      } else {
        draft_.AddHold(HoldKind::kFailure,
                       absl::StrCat(reason, "; it is not rolled back: ",
                                    WhyNoRollback(draft_.base())));
      }
      return;
  }
  FLEET_CHECK(false);
}

void Planning::Recount() {
  tally_ = {};
  for (size_t i = 0; i < draft_.size(); ++i) Count(i);
}

void Planning::Count(size_t i) {
  const HostStep& step = draft_.step(i);
  const bool of_wave = step.wave == state().wave;
  switch (step.phase) {
    case HostStepPhase::kPending:
      if (step.wave <= state().wave) ++tally_.open;
      break;
    case HostStepPhase::kAdmitted:
    case HostStepPhase::kApplying:
    case HostStepPhase::kVerifying:
    case HostStepPhase::kUnknown:
    case HostStepPhase::kReverting:
      tally_.in_flight.push_back(static_cast<uint32_t>(i));
      WakeAtPoint(StepDeadline(policy(), step));
      break;
    case HostStepPhase::kDone:
      if (!of_wave) break;
      ++tally_.wave_done;
      if (step.away || step.unready_at != absl::InfiniteDuration()) {
        ++tally_.unsteady;
      }
      break;
    case HostStepPhase::kFailed:
      if (of_wave) ++tally_.wave_failed;
      break;
    case HostStepPhase::kSkipped:
      // What is down on a host that is cordoned is down all the same.
      if (step.skip == SkipReason::kUnreachable) ++tally_.skipped_away;
      break;
    case HostStepPhase::kReverted:
    case HostStepPhase::kRevertFailed:
      break;
  }
  const int taken = InFlight(step.phase) ? TakenBy(i) : 0;
  tally_.down += std::max(DownNow(view(i)), taken);
}

int Planning::TakenBy(size_t i) const {
  const int cost = StepCost(policy());
  const bool known = view(i).connected || view(i).instances_total > 0;
  return known ? std::min(cost, view(i).instances_total) : cost;
}

void Planning::WakeAtPoint(absl::Duration point) {
  wake_point_ = std::min(wake_point_, point);
}

void Planning::WakeAt(absl::Time when) { wake_at_ = std::min(wake_at_, when); }

absl::Time Planning::wake_up() const {
  if (wake_point_ == absl::InfiniteDuration()) return wake_at_;
  return std::min(wake_at_, state().clock.When(wake_point_));
}

std::string Planning::FailedHosts(HostStepPhase failed) const {
  std::string first;
  std::vector<std::string> hosts = HostsThat([&](const HostStep& step) {
    if (step.phase != failed) return false;
    if (first.empty()) first = step.reason;
    return true;
  });
  if (hosts.size() <= 1) return first;
  return absl::StrCat(HostList(hosts), "; the first: ", first);
}

std::string Planning::FinalState() const {
  return FinalStateText(
      draft_.base(), fleet_,
      [this](size_t i) -> const HostStep& { return draft_.step(i); });
}

std::string WaveText(const Planning& planning) {
  if (planning.policy().waves <= 1) return "";
  return absl::StrCat("wave ", planning.state().wave + 1, " of ",
                      planning.policy().waves);
}

}  // namespace fleet::controller
