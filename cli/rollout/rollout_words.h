// The words in which a rollout is spoken of.
#ifndef FLEET_CLI_ROLLOUT_ROLLOUT_WORDS_H_
#define FLEET_CLI_ROLLOUT_ROLLOUT_WORDS_H_

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/rollout.pb.h"

namespace fleet::cli {

// "reload", "restart", "deploy".
std::string KindText(v1::RolloutKind kind);

struct PhaseText {
  std::string text;
  Colour colour = Colour::kNone;
};
PhaseText HostPhaseText(v1::HostStepPhase phase);
// With holds: "paused", "paused by a failure".
PhaseText RolloutPhaseText(const v1::Rollout& rollout);

// The host is in work now.
bool IsInFlight(v1::HostStepPhase phase);
// What to type about the hold that a person deals with first, and what comes of
// it; empty: there is none, or none that waits for a person. Of a failure its
// report tells.
std::string HoldHelp(const v1::Rollout& rollout);
// Its message, if that tells more than how many hosts are done.
std::string TellingMessage(const v1::Rollout& rollout);
// A host or a hook has failed: it can be retried.
bool HasFailure(const v1::Rollout& rollout);
const v1::Hold* FindHold(const v1::Rollout& rollout, v1::HoldKind kind);
// The one that a person deals with first, which RolloutPhaseText names; null:
// there is none.
const v1::Hold* FirstHold(const v1::Rollout& rollout);

// How many hosts are in which phase.
struct HostCounts {
  int total = 0;
  int done = 0;
  int failed = 0;
  int skipped = 0;
  int unknown = 0;
  int in_flight = 0;
  int pending = 0;
  int reverted = 0;
  int revert_failed = 0;
};
HostCounts CountHosts(const v1::Rollout& rollout);
// "2 of 3 hosts done, 1 failed": what is zero is left out, but for done.
std::string CountsText(const HostCounts& counts);

// "reload of web to revision 3 on 3 hosts, 1 at a time".
std::string RolloutTitle(const v1::Rollout& rollout);

// "web.2: waits for READY": what the host's step waits for or why it failed,
// in the host's own words when it has told.
std::string StepReason(const v1::Rollout& rollout, const v1::HostStep& step);

// Of a rollout, or of a host's step that was admitted, up to `now` (calendar
// time) or its end.
absl::Duration ElapsedOf(const v1::Rollout& rollout, absl::Time now);
absl::Duration ElapsedOf(const v1::HostStep& step, absl::Time now);

// At least "0s"; "4.2s".
std::string ElapsedText(absl::Duration elapsed);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ROLLOUT_ROLLOUT_WORDS_H_
