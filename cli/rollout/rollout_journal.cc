#include "cli/rollout/rollout_journal.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/rollout/rollout_words.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kHeartbeatPeriod = absl::Seconds(10);
constexpr size_t kMostFailures = 20;
// RolloutEvent.actor of what nobody asked for just then.
constexpr char kNobody[] = "controller";

// What the hosts in work wait for, for a heartbeat.
std::string InWork(const v1::Rollout& rollout) {
  std::string text;
  for (const v1::HostStep& step : rollout.steps()) {
    if (!IsInFlight(step.phase())) continue;
    absl::StrAppend(&text, "; ", step.host(), " ",
                    HostPhaseText(step.phase()).text);
    if (step.progress().slots_total() > 0) {
      absl::StrAppend(&text, " ", step.progress().slots_done(), "/",
                      step.progress().slots_total());
    }
    const std::string reason = StepReason(rollout, step);
    if (!reason.empty()) absl::StrAppend(&text, " (", Printable(reason), ")");
  }
  return text;
}

}  // namespace

std::vector<std::string> RolloutJournal::Add(
    const v1::WatchRolloutResponse& message, absl::Time now) {
  rollout_ = message.rollout();
  std::vector<std::string> lines;
  if (!titled_) {
    titled_ = true;
    last_line_ = now;
    lines.push_back(
        Stamped(FromProto(rollout_.create_time()), RolloutTitle(rollout_)));
  }
  if (message.reset()) {
    lines.push_back(Stamped(now, "older events are no longer kept"));
  }
  for (const v1::RolloutEvent& event : message.events()) {
    lines.push_back(Stamped(FromProto(event.time()), EventText(event)));
  }
  AddMessage(message, now, lines);
  const std::string help = HoldHelp(rollout_);
  if (!help.empty() && help != help_) lines.push_back(Stamped(now, help));
  help_ = help;
  if (!lines.empty()) last_line_ = now;
  return lines;
}

// What the rollout says and no event: the controller could not save that.
void RolloutJournal::AddMessage(const v1::WatchRolloutResponse& response,
                                absl::Time now,
                                std::vector<std::string>& lines) {
  const bool goes_on = rollout_.holds().empty() && !rollout_.has_end_time();
  const std::string text = goes_on ? TellingMessage(rollout_) : "";
  if (response.events().empty() && !text.empty() && text != message_) {
    lines.push_back(Stamped(now, text));
  }
  message_ = text;
}

std::optional<std::string> RolloutJournal::Heartbeat(absl::Time now,
                                                     bool away) {
  if (!titled_ || now - last_line_ < kHeartbeatPeriod) return std::nullopt;
  last_line_ = now;
  if (away) return Stamped(now, "the controller is still away");
  return Stamped(
      now, absl::StrCat(RolloutPhaseText(rollout_).text, ", ",
                        CountsText(CountHosts(rollout_)), InWork(rollout_)));
}

std::string RolloutJournal::EventText(const v1::RolloutEvent& event) {
  std::string text;
  std::string message = event.message();
  if (!event.host().empty()) {
    text = absl::StrCat(event.host(), ": ",
                        HostPhaseText(event.host_phase()).text);
    const bool failed = event.host_phase() == v1::HOST_STEP_PHASE_FAILED ||
                        event.host_phase() == v1::HOST_STEP_PHASE_REVERT_FAILED;
    if (failed && !message.empty()) {
      failures_.emplace_back(event.host(), message);
      if (failures_.size() > kMostFailures) failures_.pop_front();
    }
  } else {
    message = WithoutRepetition(std::move(message));
  }
  if (event.host().empty() &&
      (event.phase() != phase_ || event.message().empty())) {
    phase_ = event.phase();
    v1::Rollout then;
    then.set_phase(event.phase());
    text = RolloutPhaseText(then).text;
  }
  // It may say the phase itself.
  if (!text.empty() && absl::StartsWith(message, text)) text.clear();
  if (!message.empty()) {
    absl::StrAppend(&text, text.empty() ? "" : ": ", message);
  }
  const bool by_another = !event.actor().empty() &&
                          event.actor() != rollout_.actor() &&
                          event.actor() != kNobody;
  if (by_another) absl::StrAppend(&text, " (by ", event.actor(), ")");
  return Printable(text);
}

std::string RolloutJournal::WithoutRepetition(std::string message) const {
  for (const auto& [host, reason] : failures_) {
    const size_t at = message.find(reason);
    if (at == std::string::npos) continue;
    message.replace(at, reason.size(), host + ", as said above");
  }
  return message;
}

std::string RolloutJournal::Stamped(absl::Time when,
                                    std::string_view text) const {
  const absl::Duration since =
      std::max(when - FromProto(rollout_.create_time()), absl::ZeroDuration());
  return absl::StrCat("[", PaddedLeft(ElapsedText(since), 6), "] ",
                      rollout_.uid(), ": ", ToAbsl(text));
}

}  // namespace fleet::cli
