#include "cli/rollout/rollout_words.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

struct KnownPhase {
  v1::HostStepPhase phase;
  const char* text;
  Colour colour;
  int HostCounts::*count;
};

constexpr std::array<KnownPhase, 11> kHostPhases = {{
    {v1::HOST_STEP_PHASE_PENDING, "pending", Colour::kGrey,
     &HostCounts::pending},
    {v1::HOST_STEP_PHASE_ADMITTED, "admitted", Colour::kCyan,
     &HostCounts::in_flight},
    {v1::HOST_STEP_PHASE_APPLYING, "applying", Colour::kCyan,
     &HostCounts::in_flight},
    {v1::HOST_STEP_PHASE_VERIFYING, "verifying", Colour::kCyan,
     &HostCounts::in_flight},
    {v1::HOST_STEP_PHASE_DONE, "done", Colour::kGreen, &HostCounts::done},
    {v1::HOST_STEP_PHASE_FAILED, "failed", Colour::kRed, &HostCounts::failed},
    {v1::HOST_STEP_PHASE_UNKNOWN, "unknown", Colour::kYellow,
     &HostCounts::unknown},
    {v1::HOST_STEP_PHASE_SKIPPED, "skipped", Colour::kYellow,
     &HostCounts::skipped},
    {v1::HOST_STEP_PHASE_REVERTING, "reverting", Colour::kYellow,
     &HostCounts::in_flight},
    {v1::HOST_STEP_PHASE_REVERTED, "reverted", Colour::kYellow,
     &HostCounts::reverted},
    {v1::HOST_STEP_PHASE_REVERT_FAILED, "not reverted", Colour::kRed,
     &HostCounts::revert_failed},
}};

struct KnownEnd {
  v1::RolloutPhase phase;
  const char* text;
  Colour colour;
};

constexpr std::array<KnownEnd, 5> kEnds = {{
    {v1::ROLLOUT_PHASE_SUCCEEDED, "succeeded", Colour::kGreen},
    {v1::ROLLOUT_PHASE_ABORTED, "aborted", Colour::kRed},
    {v1::ROLLOUT_PHASE_SUPERSEDED, "superseded", Colour::kYellow},
    {v1::ROLLOUT_PHASE_ROLLED_BACK, "rolled back", Colour::kRed},
    {v1::ROLLOUT_PHASE_ROLLBACK_FAILED, "rollback failed", Colour::kRed},
}};

struct KnownHold {
  v1::HoldKind kind;
  const char* text;
  Colour colour;
};

// The one that a person has to deal with first.
constexpr std::array<KnownHold, 6> kHolds = {{
    {v1::HOLD_KIND_FAILURE, "paused by a failure", Colour::kRed},
    {v1::HOLD_KIND_USER, "paused", Colour::kYellow},
    {v1::HOLD_KIND_MANUAL_GATE, "waits to be promoted", Colour::kYellow},
    {v1::HOLD_KIND_METRIC, "waits for a metric gate", Colour::kYellow},
    {v1::HOLD_KIND_BUDGET, "waits: too many instances are down",
     Colour::kYellow},
    {v1::HOLD_KIND_LEADERLESS, "waits for hosts after a controller's start",
     Colour::kYellow},
}};

const KnownPhase* FindPhase(v1::HostStepPhase phase) {
  for (const KnownPhase& known : kHostPhases) {
    if (known.phase == phase) return &known;
  }
  return nullptr;
}

absl::Duration Elapsed(bool started, const google::protobuf::Timestamp& start,
                       bool ended, const google::protobuf::Timestamp& end,
                       absl::Time now) {
  if (!started) return absl::ZeroDuration();
  const absl::Time until = ended ? FromProto(end) : now;
  return std::max(until - FromProto(start), absl::ZeroDuration());
}

}  // namespace

std::string KindText(v1::RolloutKind kind) {
  if (kind == v1::ROLLOUT_KIND_RESTART) return "restart";
  if (kind == v1::ROLLOUT_KIND_DEPLOY) return "deploy";
  if (kind == v1::ROLLOUT_KIND_ROLLBACK) return "rollback";
  return "reload";
}

PhaseText HostPhaseText(v1::HostStepPhase phase) {
  const KnownPhase* known = FindPhase(phase);
  if (known == nullptr) return {"unknown", Colour::kYellow};
  return {known->text, known->colour};
}

PhaseText RolloutPhaseText(const v1::Rollout& rollout) {
  for (const KnownEnd& end : kEnds) {
    if (end.phase == rollout.phase()) return {end.text, end.colour};
  }
  const bool back = rollout.phase() == v1::ROLLOUT_PHASE_ROLLING_BACK;
  const v1::Hold* first = FirstHold(rollout);
  for (const KnownHold& hold : kHolds) {
    if (first == nullptr || hold.kind != first->kind()) continue;
    return {absl::StrCat(back ? "rolling back, " : "", hold.text), hold.colour};
  }
  if (back) return {"rolling back", Colour::kYellow};
  if (rollout.aborting()) return {"aborting", Colour::kYellow};
  if (rollout.phase() == v1::ROLLOUT_PHASE_BAKING) {
    return {"baking", Colour::kCyan};
  }
  if (rollout.phase() == v1::ROLLOUT_PHASE_QUEUED) {
    return {"queued", Colour::kGrey};
  }
  return {"rolling", Colour::kCyan};
}

std::string HoldHelp(const v1::Rollout& rollout) {
  if (rollout.has_end_time() ||
      FindHold(rollout, v1::HOLD_KIND_FAILURE) != nullptr) {
    return "";
  }
  const std::string order = "fleetctl rollout ";
  if (FindHold(rollout, v1::HOLD_KIND_USER) != nullptr) {
    return absl::StrCat(order, "resume ", rollout.uid(), "    goes on");
  }
  if (FindHold(rollout, v1::HOLD_KIND_MANUAL_GATE) != nullptr) {
    return absl::StrCat(order, "promote ", rollout.uid(),
                        "    lets the next wave start");
  }
  if (FindHold(rollout, v1::HOLD_KIND_METRIC) != nullptr) {
    return absl::StrCat(order, "promote ", rollout.uid(),
                        "    goes on without the answer; the gate is asked "
                        "again all the time");
  }
  if (FindHold(rollout, v1::HOLD_KIND_BUDGET) != nullptr) {
    return absl::StrCat("fleetctl ls ", rollout.app(),
                        "    shows them; it goes on once they are up");
  }
  return "";
}

std::string TellingMessage(const v1::Rollout& rollout) {
  const int done = rollout.hosts_done();
  const bool counts =
      absl::StartsWith(
          rollout.message(),
          absl::StrCat(done, " of ", rollout.hosts_total(), " host")) ||
      rollout.message() ==
          absl::StrCat(done, done == 1 ? " host done" : " hosts done");
  return counts ? "" : Printable(rollout.message());
}

bool IsInFlight(v1::HostStepPhase phase) {
  const KnownPhase* known = FindPhase(phase);
  return known != nullptr && known->count == &HostCounts::in_flight;
}

bool HasFailure(const v1::Rollout& rollout) {
  const HostCounts counts = CountHosts(rollout);
  return counts.failed + counts.revert_failed > 0 ||
         std::any_of(rollout.hooks().begin(), rollout.hooks().end(),
                     [](const v1::HookRun& hook) {
                       return hook.phase() == v1::HOOK_PHASE_FAILED;
                     });
}

const v1::Hold* FindHold(const v1::Rollout& rollout, v1::HoldKind kind) {
  for (const v1::Hold& hold : rollout.holds()) {
    if (hold.kind() == kind) return &hold;
  }
  return nullptr;
}

const v1::Hold* FirstHold(const v1::Rollout& rollout) {
  for (const KnownHold& known : kHolds) {
    if (const v1::Hold* hold = FindHold(rollout, known.kind)) return hold;
  }
  return nullptr;
}

HostCounts CountHosts(const v1::Rollout& rollout) {
  HostCounts counts;
  counts.total = rollout.steps_size();
  for (const v1::HostStep& step : rollout.steps()) {
    if (const KnownPhase* known = FindPhase(step.phase())) {
      ++(counts.*(known->count));
    }
  }
  return counts;
}

std::string CountsText(const HostCounts& counts) {
  std::vector<std::string> parts = {
      absl::StrCat(counts.done, " of ", counts.total,
                   counts.total == 1 ? " host done" : " hosts done")};
  const auto add = [&](int count, const char* what) {
    if (count > 0) parts.push_back(absl::StrCat(count, what));
  };
  add(counts.failed, " failed");
  add(counts.skipped, " skipped");
  add(counts.unknown, " not heard of");
  add(counts.in_flight, " in work");
  add(counts.reverted, " reverted");
  add(counts.revert_failed, " not reverted");
  add(counts.pending, " waiting");
  return absl::StrJoin(parts, ", ");
}

std::string RolloutTitle(const v1::Rollout& rollout) {
  const int hosts = std::max(rollout.hosts_total(), rollout.steps_size());
  std::string title = absl::StrCat(
      KindText(rollout.kind()), " of ", rollout.app(), " to revision ",
      rollout.to_revision(), " on ", hosts, hosts == 1 ? " host" : " hosts");
  if (hosts > 1 && !rollout.policy().max_parallel().empty()) {
    absl::StrAppend(&title, ", ", rollout.policy().max_parallel(),
                    " at a time");
  }
  return title;
}

std::string StepReason(const v1::Rollout& rollout, const v1::HostStep& step) {
  const v1::Step& progress = step.progress();
  const bool own_words =
      !progress.reason().empty() &&
      (step.reason().empty() || progress.phase() == v1::STEP_PHASE_FAILED);
  std::string reason = own_words ? progress.reason() : step.reason();
  // What the controller says names its object.
  if (reason.empty() || !own_words || progress.slot() < 0) return reason;
  const std::string instance =
      absl::StrCat(rollout.app(), ".", progress.slot());
  // The reason may name the instance itself.
  if (reason.find(instance) != std::string::npos) return reason;
  return absl::StrCat(instance, ": ", reason);
}

absl::Duration ElapsedOf(const v1::Rollout& rollout, absl::Time now) {
  return Elapsed(rollout.has_create_time(), rollout.create_time(),
                 rollout.has_end_time(), rollout.end_time(), now);
}

absl::Duration ElapsedOf(const v1::HostStep& step, absl::Time now) {
  return Elapsed(step.has_admit_time(), step.admit_time(), step.has_end_time(),
                 step.end_time(), now);
}

std::string ElapsedText(absl::Duration elapsed) {
  if (elapsed < absl::Milliseconds(1)) return "0s";
  return HumanDuration(elapsed);
}

}  // namespace fleet::cli
