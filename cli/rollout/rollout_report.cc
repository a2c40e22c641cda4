#include "cli/rollout/rollout_report.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/age.h"
#include "cli/render/app_summary.h"
#include "cli/rollout/rollout_words.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr int kMostStderrLines = 20;
constexpr int kMostFailedHosts = 5;

std::string FailureText(v1::FailureKind kind) {
  if (kind == v1::FAILURE_KIND_START) return "could not be started";
  if (kind == v1::FAILURE_KIND_EXIT) return "ended before it was available";
  if (kind == v1::FAILURE_KIND_READY_TIMEOUT) return "was not ready in time";
  if (kind == v1::FAILURE_KIND_FLAPPING)
    return "was ready and then not, too often";
  if (kind == v1::FAILURE_KIND_LISTEN)
    return "has an address that cannot be opened";
  if (kind == v1::FAILURE_KIND_SPEC) return "cannot be carried out there";
  if (kind == v1::FAILURE_KIND_UNHEALTHY) return "lived and did not serve";
  if (kind == v1::FAILURE_KIND_HOOK) return "failed in a hook";
  return "failed";
}

std::string FailedHost(const v1::Rollout& rollout, const v1::HostStep& step,
                       const TextStyle& style) {
  const v1::Step& progress = step.progress();
  const std::string object =
      progress.slot() >= 0 && progress.phase() == v1::STEP_PHASE_FAILED
          ? absl::StrCat(rollout.app(), ".", progress.slot())
          : rollout.app();
  std::string text = absl::StrCat(
      "  ",
      style.Paint(Colour::kRed, absl::StrCat(object, " on ", step.host())), " ",
      FailureText(progress.failure()), "\n");
  const std::string reason =
      progress.reason().empty() ? step.reason() : progress.reason();
  if (!reason.empty()) {
    absl::StrAppend(&text, "    why: ", Printable(reason), "\n");
  }
  if (progress.stderr_tail_size() > 0) {
    absl::StrAppend(&text, progress.failure() == v1::FAILURE_KIND_HOOK
                               ? "    the hook's last lines:\n"
                               : "    its last lines on stderr:\n");
  }
  const int skip = std::max(0, progress.stderr_tail_size() - kMostStderrLines);
  for (int i = skip; i < progress.stderr_tail_size(); ++i) {
    absl::StrAppend(
        &text, "      ",
        style.Paint(Colour::kGrey,
                    absl::StrCat("| ", Printable(progress.stderr_tail(i)))),
        "\n");
  }
  return text;
}

std::vector<const v1::HostStep*> FailedSteps(const v1::Rollout& rollout) {
  std::vector<const v1::HostStep*> failed;
  for (const v1::HostStep& step : rollout.steps()) {
    if (step.phase() == v1::HOST_STEP_PHASE_FAILED ||
        step.phase() == v1::HOST_STEP_PHASE_REVERT_FAILED) {
      failed.push_back(&step);
    }
  }
  return failed;
}

std::string Headline(const v1::Rollout& rollout, Verdict verdict) {
  const std::string what =
      absl::StrCat(KindText(rollout.kind()), " of ", rollout.app());
  if (verdict == Verdict::kRolledBack) {
    return absl::StrCat(what, rollout.failed() ? " failed and" : "",
                        " was rolled back to revision ",
                        rollout.rollback_revision());
  }
  if (rollout.phase() == v1::ROLLOUT_PHASE_ROLLBACK_FAILED) {
    return absl::StrCat(what, " failed, and so did its rollback");
  }
  if (verdict == Verdict::kFailed) {
    const bool ended = rollout.phase() == v1::ROLLOUT_PHASE_ABORTED;
    return absl::StrCat(
        what, ended ? " failed and was ended" : " failed; it is paused");
  }
  return absl::StrCat(what, " was ", RolloutPhaseText(rollout).text);
}

// The hold's or the rollout's own reason, when no host tells it.
std::string OwnReason(const v1::Rollout& rollout) {
  if (const v1::Hold* hold = FindHold(rollout, v1::HOLD_KIND_FAILURE)) {
    return hold->reason();
  }
  return rollout.message();
}

bool HookFailed(const v1::Rollout& rollout) {
  for (const v1::HookRun& hook : rollout.hooks()) {
    if (hook.phase() == v1::HOOK_PHASE_FAILED) return true;
  }
  return false;
}

// What a hook that failed has said.
std::string HookLines(const v1::Rollout& rollout, const TextStyle& style) {
  std::string text;
  for (const v1::HookRun& hook : rollout.hooks()) {
    if (hook.phase() != v1::HOOK_PHASE_FAILED) continue;
    absl::StrAppend(&text, "  its last lines:\n");
    const int skip = std::max(0, hook.output_size() - kMostStderrLines);
    for (int i = skip; i < hook.output_size(); ++i) {
      absl::StrAppend(
          &text, "      ",
          style.Paint(Colour::kGrey,
                      absl::StrCat("| ", Printable(hook.output(i)))),
          "\n");
    }
  }
  return text;
}

std::string HelpfulCommands(const v1::Rollout& rollout, Verdict verdict) {
  std::string text = "what helps:\n";
  const auto failed = FailedSteps(rollout);
  if (!failed.empty()) {
    const v1::HostStep& first = *failed[0];
    std::string object = rollout.app();
    if (first.progress().slot() >= 0 &&
        first.progress().phase() == v1::STEP_PHASE_FAILED) {
      absl::StrAppend(&object, ".", first.progress().slot());
    }
    absl::StrAppend(&text, "  fleetctl logs ", object, " --hosts ",
                    first.host(), " --err\n");
  }
  for (const v1::HookRun& hook : rollout.hooks()) {
    if (hook.phase() != v1::HOOK_PHASE_FAILED) continue;
    absl::StrAppend(&text, "  fleetctl logs ", rollout.app(), " --hosts ",
                    hook.host(), " --err\n");
  }
  // Who had failed has gone back, or a gate has.
  const bool unnamed = failed.empty() && !HookFailed(rollout) &&
                       (rollout.failed() || verdict == Verdict::kFailed);
  if (unnamed) {
    absl::StrAppend(&text, "  fleetctl logs ", rollout.app(), " --err\n");
  }
  if (!rollout.has_end_time()) {
    if (!failed.empty() || HookFailed(rollout)) {
      absl::StrAppend(&text, "  fleetctl rollout retry ", rollout.uid(),
                      "    try what failed again\n");
    }
    absl::StrAppend(&text, "  fleetctl rollout resume ", rollout.uid(),
                    failed.empty() && HookFailed(rollout)
                        ? "   go on without the hook\n"
                        : "   go on with the other hosts\n");
    const bool back = rollout.rollback_revision() != 0 &&
                      rollout.rollback_revision() != rollout.to_revision();
    if (back) {
      absl::StrAppend(&text, "  fleetctl rollout undo ", rollout.uid(),
                      "     back to revision ", rollout.rollback_revision(),
                      "\n");
    }
    absl::StrAppend(&text, "  fleetctl rollout abort ", rollout.uid(),
                    "    end it; hosts stay as they are\n");
  } else if (verdict != Verdict::kSucceeded) {
    absl::StrAppend(&text, "  fleetctl ls ", rollout.app(),
                    "    what runs where\n  fleetctl ",
                    rollout.kind() == v1::ROLLOUT_KIND_DEPLOY ||
                            rollout.kind() == v1::ROLLOUT_KIND_ROLLBACK
                        ? "apply FILE"
                        : "reload " + rollout.app(),
                    "    try again\n");
  }
  return text;
}

// Of the instances that are ready alone: what is on its way in or out serves
// nobody.
std::string ServingRevisions(const v1::HostApp& host) {
  std::set<int64_t> revisions;
  for (const v1::Instance& instance : host.status().instances()) {
    if (instance.ready()) revisions.insert(instance.revision());
  }
  if (revisions.empty()) return ": nothing serves";
  return absl::StrCat(revisions.size() > 1 ? ", revisions " : ", revision ",
                      absl::StrJoin(revisions, " and "));
}

std::string SuccessText(const v1::Rollout& rollout, absl::Time now,
                        const TextStyle& style) {
  const HostCounts counts = CountHosts(rollout);
  std::string text = absl::StrCat(
      style.Paint(Colour::kGreen, absl::StrCat(KindText(rollout.kind()), " of ",
                                               rollout.app(), " succeeded")),
      ": ", CountsText(counts), ", revision ", rollout.to_revision(), ", in ",
      ElapsedText(ElapsedOf(rollout, now)), "\n");
  for (const v1::HostStep& step : rollout.steps()) {
    if (step.phase() != v1::HOST_STEP_PHASE_SKIPPED) continue;
    absl::StrAppend(&text, "  skipped ", step.host(), ": ",
                    Printable(step.reason()), "\n");
  }
  return text;
}

}  // namespace

std::string RolloutReport(const v1::Rollout& rollout, Verdict verdict,
                          const v1::App* app, absl::Time now,
                          const TextStyle& style) {
  if (verdict == Verdict::kSucceeded) return SuccessText(rollout, now, style);
  std::string text = absl::StrCat(
      style.Paint(Colour::kRed, Headline(rollout, verdict)), " (rollout ",
      rollout.uid(), "): ", CountsText(CountHosts(rollout)), ", after ",
      ElapsedText(ElapsedOf(rollout, now)), "\n");
  const auto failed = FailedSteps(rollout);
  const std::string own = failed.empty() ? OwnReason(rollout) : "";
  if (!own.empty()) absl::StrAppend(&text, "  ", Printable(own), "\n");
  text += HookLines(rollout, style);
  int shown = 0;
  for (const v1::HostStep* step : failed) {
    if (++shown > kMostFailedHosts) break;
    text += FailedHost(rollout, *step, style);
  }
  if (shown > kMostFailedHosts) {
    absl::StrAppend(&text, "  … and ", failed.size() - kMostFailedHosts,
                    " more hosts: fleetctl rollout status ", rollout.uid(),
                    "\n");
  }
  if (app != nullptr) {
    absl::StrAppend(&text, "what serves now:\n", ServesNow(*app, now));
  }
  return text + HelpfulCommands(rollout, verdict);
}

std::string DetachedReport(const v1::Rollout& rollout, std::string_view why) {
  // Nothing may have been heard of it yet.
  const std::string what = rollout.app().empty()
                               ? absl::StrCat("rollout ", rollout.uid())
                               : absl::StrCat("the ", KindText(rollout.kind()),
                                              " of ", rollout.app());
  return absl::StrCat(
      ToAbsl(why), ": ", what, " goes on without this command (",
      CountsText(CountHosts(rollout)), ")\n  fleetctl rollout status ",
      rollout.uid(), " --wait    follow it\n  fleetctl rollout abort ",
      rollout.uid(), "            end it\n");
}

std::string ServesNow(const v1::App& app, absl::Time now) {
  std::string text;
  for (const v1::HostApp& host : app.hosts()) {
    v1::App one;
    *one.add_hosts() = host;
    one.mutable_hosts(0)->set_connected(true);
    const AppSummary summary = Summarize(one);
    absl::StrAppend(&text, "  ", host.host(), ": ", summary.ready, "/",
                    summary.desired, " ready", ServingRevisions(host));
    if (!host.connected()) {
      absl::StrAppend(
          &text, " (not connected, as it said ",
          AgeText(host.has_observe_time(), host.observe_time(), now), " ago)");
    }
    text += "\n";
  }
  return text.empty() ? "  nothing: no host runs it\n" : text;
}

}  // namespace fleet::cli
