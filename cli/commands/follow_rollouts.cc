#include "cli/commands/follow_rollouts.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/interrupt_watch.h"
#include "cli/render/message_text.h"
#include "cli/rollout/ci_annotation.h"
#include "cli/rollout/rollout_follower.h"
#include "cli/rollout/rollout_report.h"
#include "cli/rollout/rollout_words.h"

namespace fleet::cli {
namespace {

// Beside the job, where the rollout runs in one.
void AnnotateJob(const CommandContext& context, const v1::Rollout& rollout,
                 const std::string& report) {
  const CiSystem system = CiSystemOf(
      [&](std::string_view name) { return context.env(std::string(name)); });
  context.err << CiAnnotation(system,
                              absl::StrCat(KindText(rollout.kind()), " of ",
                                           rollout.app(), ": ",
                                           RolloutPhaseText(rollout).text),
                              report)
              << std::flush;
}

// An event a line, for programs.
void PrintEvent(const CommandContext& context, const std::string& uid,
                const v1::RolloutEvent& event) {
  std::string line = ToJsonLine(event);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  context.out << "{\"rollout\":\"" << uid << "\",\"event\":" << line << "}"
              << std::endl;
}

// Success is `wanted`.
ExitCode Report(const CommandContext& context, const v1::Rollout& rollout,
                Verdict wanted) {
  const absl::Time now = context.clock.WallNow();
  const Verdict verdict = VerdictOf(rollout, now);
  std::optional<v1::App> app;
  if (verdict != Verdict::kSucceeded) app = AppNow(context, rollout);
  const v1::App* seen = app.has_value() ? &*app : nullptr;
  const bool as_wanted = verdict == wanted;
  context.err << RolloutReport(rollout, verdict, seen, now, context.err_style,
                               as_wanted)
              << std::flush;
  const ExitCode code = as_wanted ? ExitCode::kSuccess : ExitCodeOf(verdict);
  if (code != ExitCode::kSuccess) {
    AnnotateJob(context, rollout,
                RolloutReport(rollout, verdict, seen, now, {}));
  }
  return code;
}

ExitCode ReportDetached(const CommandContext& context,
                        const FollowOutcome& outcome, Verdict wanted,
                        std::string_view why) {
  for (const v1::Rollout& rollout : outcome.rollouts) {
    if (VerdictOf(rollout, context.clock.WallNow()) == Verdict::kGoing) {
      const std::string report = DetachedReport(rollout, why);
      context.err << report << std::flush;
      // Who interrupts a job looks at it.
      if (outcome.end != FollowEnd::kInterrupted) {
        AnnotateJob(context, rollout, report);
      }
    } else {
      Report(context, rollout, wanted);
    }
  }
  return outcome.end == FollowEnd::kTimeout ? ExitCode::kTimeout
                                            : ExitCode::kInterrupted;
}

ExitCode ReportOutcome(const CommandContext& context,
                       const FollowOutcome& outcome, Verdict wanted) {
  switch (outcome.end) {
    case FollowEnd::kSettled: {
      ExitCode code = ExitCode::kSuccess;
      for (const v1::Rollout& rollout : outcome.rollouts) {
        code = Worse(code, Report(context, rollout, wanted));
      }
      return code;
    }
    case FollowEnd::kTimeout:
      return ReportDetached(context, outcome, wanted, "--timeout has passed");
    case FollowEnd::kInterrupted:
      return ReportDetached(context, outcome, wanted, "interrupted");
    case FollowEnd::kLost:
      // It runs on without us, unless there is none (any more).
      if (absl::IsUnavailable(outcome.status)) {
        ReportDetached(context, outcome, wanted, "the controller is lost");
      }
      return Fail(context, outcome.status);
  }
  return ExitCode::kError;
}

ExitCode Follow(const CommandContext& context,
                const std::vector<std::string>& uids, int64_t from_seq,
                Verdict wanted) {
  FollowOptions options;
  options.progress = &context.err;
  options.style = context.err_style;
  options.terminal = context.terminal;
  options.limit = context.line.timeout;
  options.from_seq = from_seq;
  const bool json = context.line.output == OutputFormat::kJson;
  if (json) {
    options.terminal = nullptr;
    options.on_event = [&context](const std::string& uid,
                                  const v1::RolloutEvent& event) {
      PrintEvent(context, uid, event);
    };
  }
  RolloutFollower follower(context.client, context.loop, options);
  const InterruptWatch interrupts(context.loop,
                                  [&follower] { follower.Interrupt(); });
  const FollowOutcome outcome = follower.Follow(uids);
  for (const v1::Rollout& rollout : outcome.rollouts) {
    if (json) {
      context.out << ToJsonLine(rollout) << std::flush;
    } else {
      PrintMessage(context, rollout);
    }
  }
  return ReportOutcome(context, outcome, wanted);
}

}  // namespace

ExitCode FollowRollouts(const CommandContext& context,
                        const std::vector<std::string>& uids) {
  if (uids.empty()) return ExitCode::kSuccess;
  if (!context.line.wait) {
    for (const std::string& uid : uids) {
      context.err << "under way; follow it with: fleetctl rollout status "
                  << uid << " --wait" << std::endl;
    }
    return ExitCode::kSuccess;
  }
  return Follow(context, uids, context.line.from_seq, Verdict::kSucceeded);
}

ExitCode FollowOrdered(const CommandContext& context,
                       const v1::Rollout& rollout, Verdict wanted) {
  return Follow(context, {rollout.uid()}, rollout.last_seq(), wanted);
}

std::optional<v1::App> AppNow(const CommandContext& context,
                              const v1::Rollout& rollout) {
  v1::GetAppRequest request;
  request.set_name(rollout.app());
  const auto response = context.client.Call(request);
  if (!response.ok()) return std::nullopt;
  return response->app();
}

}  // namespace fleet::cli
