#include "cli/rollout/rollout_report.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/render/age.h"
#include "cli/render/app_summary.h"
#include "cli/rollout/rollout_words.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr int kMostStderrLines = 20;
constexpr int kMostFailedHosts = 5;
// More hosts than this are put together by what serves on them.
constexpr int kMostHostLines = 10;
constexpr size_t kMostNames = 5;
constexpr size_t kCommandWidth = 28;
constexpr char kSuperseded[] = "superseded by ";
constexpr char kDeleted[] = "the app was deleted";

// Of a host that gives no reason.
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

// The host itself says that its step has failed. Otherwise the controller
// does: the host is lost, or late, or got worse later.
bool ByItsOwnAccount(const v1::HostStep& step) {
  return step.progress().phase() == v1::STEP_PHASE_FAILED;
}

std::string ObjectOf(const v1::Rollout& rollout, const v1::HostStep& step) {
  return ByItsOwnAccount(step) && step.progress().slot() >= 0
             ? absl::StrCat(rollout.app(), ".", step.progress().slot())
             : rollout.app();
}

std::string LastLines(
    const google::protobuf::RepeatedPtrField<std::string>& lines,
    const TextStyle& style) {
  std::string text;
  for (int i = std::max(0, lines.size() - kMostStderrLines); i < lines.size();
       ++i) {
    absl::StrAppend(
        &text, "      ",
        style.Paint(Colour::kGrey, absl::StrCat("| ", Printable(lines[i]))),
        "\n");
  }
  return text;
}

std::string FailedHost(const v1::Rollout& rollout, const v1::HostStep& step,
                       const TextStyle& style) {
  const v1::Step& progress = step.progress();
  const std::string object = ObjectOf(rollout, step);
  const std::string place =
      style.Paint(Colour::kRed, absl::StrCat(object, " on ", step.host()));
  if (!ByItsOwnAccount(step)) {
    return step.reason().empty()
               ? absl::StrCat("  ", place, " failed\n")
               : absl::StrCat("  ", Printable(step.reason()), "\n");
  }
  // It names its instance.
  const std::string reason = Printable(progress.reason());
  absl::string_view rest = reason;
  std::string text = absl::StrCat("  ", place, " ");
  if (absl::ConsumePrefix(&rest, object + " ")) {
    absl::StrAppend(&text, rest, "\n");
  } else {
    absl::StrAppend(&text, FailureText(progress.failure()),
                    reason.empty() ? "" : ": ", reason, "\n");
  }
  if (progress.slots_done() > 0) {
    absl::StrAppend(&text, "    ", progress.slots_done(), " of ",
                    progress.slots_total(),
                    " instances there are new, the others as before\n");
  }
  if (progress.stderr_tail_size() > 0) {
    absl::StrAppend(&text, progress.failure() == v1::FAILURE_KIND_HOOK
                               ? "    the hook's last lines:\n"
                               : "    its last lines on stderr:\n");
  }
  return text + LastLines(progress.stderr_tail(), style);
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
    return absl::StrCat(
        what, rollout.failed() ? " failed and" : "", " was rolled back",
        rollout.rollback_revision() == rollout.to_revision()
            ? ""
            : absl::StrCat(" to revision ", rollout.rollback_revision()));
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

// What a hook that failed has said; its last line is in the reason.
std::string HookLines(const v1::Rollout& rollout, const TextStyle& style) {
  std::string text;
  for (const v1::HookRun& hook : rollout.hooks()) {
    if (hook.phase() != v1::HOOK_PHASE_FAILED || hook.output_size() < 2) {
      continue;
    }
    absl::StrAppend(&text, "    its last lines:\n",
                    LastLines(hook.output(), style));
  }
  return text;
}

std::string Command(const std::string& command, std::string_view why) {
  if (why.empty()) return absl::StrCat("  fleetctl ", command, "\n");
  return absl::StrCat("  fleetctl ", PaddedRight(command, kCommandWidth), "  ",
                      ToAbsl(why), "\n");
}

// A worker that was never there has written nothing.
bool MayHaveWritten(const v1::HostStep& step) {
  const v1::Step& progress = step.progress();
  return !ByItsOwnAccount(step) || progress.stderr_tail_size() > 0 ||
         (progress.failure() != v1::FAILURE_KIND_START &&
          progress.failure() != v1::FAILURE_KIND_LISTEN &&
          progress.failure() != v1::FAILURE_KIND_SPEC);
}

// To see what happened.
std::string Looks(const v1::Rollout& rollout, Verdict verdict) {
  std::string text;
  const auto failed = FailedSteps(rollout);
  if (!failed.empty()) {
    const v1::HostStep& first = *failed[0];
    const bool heard = ByItsOwnAccount(first) ||
                       first.progress().phase() == v1::STEP_PHASE_DONE;
    if (!heard) {
      text += Command("hosts " + first.host(), "whether it is there");
    }
    if (MayHaveWritten(first)) {
      text += Command(absl::StrCat("logs ", ObjectOf(rollout, first),
                                   " --hosts ", first.host(), " --err"),
                      "");
    }
  }
  for (const v1::HookRun& hook : rollout.hooks()) {
    if (hook.phase() != v1::HOOK_PHASE_FAILED || hook.host().empty()) continue;
    text += Command(absl::StrCat("logs ", rollout.app(), " --hosts ",
                                 hook.host(), " --err"),
                    "");
  }
  // Who had failed has gone back, or a gate has.
  const bool unnamed = failed.empty() && !HookFailed(rollout) &&
                       (rollout.failed() || verdict == Verdict::kFailed);
  if (unnamed)
    text += Command(absl::StrCat("logs ", rollout.app(), " --err"), "");
  if (rollout.from_revision() != rollout.to_revision() &&
      rollout.from_revision() != 0) {
    text += Command("rollout diff " + rollout.uid(), "what it changes");
  }
  return text;
}

bool LeadsBack(const v1::Rollout& rollout) {
  return rollout.rollback_revision() != 0 &&
         rollout.rollback_revision() != rollout.to_revision();
}

// It is held.
std::string WaysOn(const v1::Rollout& rollout) {
  std::string text;
  const HostCounts counts = CountHosts(rollout);
  const bool hosts = counts.failed + counts.revert_failed > 0;
  const bool hook = HookFailed(rollout);
  if (hosts || hook) {
    text += Command("rollout retry " + rollout.uid(), "try what failed again");
  }
  if (!hosts) {
    text += Command("rollout resume " + rollout.uid(),
                    hook ? "go on without the hook" : "go on all the same");
  } else if (counts.pending + counts.in_flight + counts.unknown > 0) {
    text += Command("rollout resume " + rollout.uid(),
                    "go on with the other hosts");
  }
  if (LeadsBack(rollout)) {
    text +=
        Command("rollout undo " + rollout.uid(),
                absl::StrCat("back to revision ", rollout.rollback_revision()));
  }
  if (rollout.kind() == v1::ROLLOUT_KIND_DEPLOY) {
    text += Command("apply FILE --supersede", "once the file is mended");
  }
  return text + Command("rollout abort " + rollout.uid(),
                        "end it; hosts stay as they are");
}

// Something runs what the rollout had brought.
bool IsLeftBehind(const v1::Rollout& rollout, const v1::App* app) {
  if (!LeadsBack(rollout)) return false;
  if (app == nullptr) return true;
  const std::set<int64_t> revisions = Summarize(*app).revisions;
  return revisions.count(rollout.to_revision()) > 0;
}

std::string HelpfulCommands(const v1::Rollout& rollout, Verdict verdict,
                            const v1::App* app) {
  absl::string_view by = rollout.message();
  if (verdict == Verdict::kSuperseded &&
      absl::ConsumePrefix(&by, kSuperseded)) {
    return absl::StrCat("what came in its place:\n",
                        Command(absl::StrCat("rollout status ", by), ""));
  }
  if (rollout.message() == kDeleted) return "";
  std::string text = "what helps:\n" + Looks(rollout, verdict);
  if (!rollout.has_end_time()) return text + WaysOn(rollout);
  text += Command("ls " + rollout.app(), "what runs where");
  const bool ended_as_it_was = rollout.phase() == v1::ROLLOUT_PHASE_ABORTED;
  if (ended_as_it_was && IsLeftBehind(rollout, app)) {
    text += Command(absl::StrCat("rollback ", rollout.app(), " --to-revision ",
                                 rollout.rollback_revision()),
                    "all on that one again");
  }
  const bool changes = rollout.kind() == v1::ROLLOUT_KIND_DEPLOY ||
                       rollout.kind() == v1::ROLLOUT_KIND_ROLLBACK;
  return text + Command(changes ? "apply FILE"
                                : absl::StrCat(KindText(rollout.kind()), " ",
                                               rollout.app()),
                        "try again");
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
                          const TextStyle& style, bool as_wanted) {
  if (verdict == Verdict::kSucceeded) return SuccessText(rollout, now, style);
  std::string text = absl::StrCat(
      style.Paint(as_wanted ? Colour::kGreen : Colour::kRed,
                  Headline(rollout, verdict)),
      " (rollout ", rollout.uid(), "): ", CountsText(CountHosts(rollout)),
      ", after ", ElapsedText(ElapsedOf(rollout, now)), "\n");
  const auto failed = FailedSteps(rollout);
  const std::string own = failed.empty() ? OwnReason(rollout) : "";
  if (!own.empty()) absl::StrAppend(&text, "  ", Printable(own), "\n");
  if (!as_wanted) text += HookLines(rollout, style);
  int shown = 0;
  for (const v1::HostStep* step : failed) {
    if (++shown > kMostFailedHosts) break;
    text += FailedHost(rollout, *step, style);
  }
  if (shown > kMostFailedHosts) {
    const size_t more = failed.size() - kMostFailedHosts;
    absl::StrAppend(&text, "  … and ", more, more == 1 ? " host" : " hosts",
                    " more: fleetctl rollout status ", rollout.uid(), "\n");
  }
  if (app != nullptr) {
    absl::StrAppend(&text, "what serves now:\n", ServesNow(*app, now));
  }
  return as_wanted ? text : text + HelpfulCommands(rollout, verdict, app);
}

std::string DetachedReport(const v1::Rollout& rollout, std::string_view why) {
  // Nothing may have been heard of it yet.
  const std::string what = rollout.app().empty()
                               ? absl::StrCat("rollout ", rollout.uid())
                               : absl::StrCat("the ", KindText(rollout.kind()),
                                              " of ", rollout.app());
  // It may wait for a person.
  const std::string help = HoldHelp(rollout);
  return absl::StrCat(
      ToAbsl(why), ": ", what, " goes on without this command (",
      CountsText(CountHosts(rollout)), ")\n  fleetctl rollout status ",
      rollout.uid(), " --wait    follow it\n  fleetctl rollout abort ",
      rollout.uid(), "            end it\n",
      help.empty() ? "" : absl::StrCat("  ", help, "\n"));
}

std::string ServesNow(const v1::App& app, absl::Time now) {
  std::string text;
  // By what serves, in the order of the first host of each.
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const v1::HostApp& host : app.hosts()) {
    v1::App one;
    *one.add_hosts() = host;
    one.mutable_hosts(0)->set_connected(true);
    const AppSummary summary = Summarize(one);
    const std::string serves = absl::StrCat(summary.ready, "/", summary.desired,
                                            " ready", ServingRevisions(host));
    absl::StrAppend(&text, "  ", host.host(), ": ", serves);
    if (!host.connected()) {
      absl::StrAppend(
          &text, " (not connected, as it said ",
          AgeText(host.has_observe_time(), host.observe_time(), now), " ago)");
    }
    text += "\n";
    const std::string group =
        absl::StrCat(serves, host.connected() ? "" : " (not connected)");
    auto found = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& g) { return g.first == group; });
    if (found == groups.end()) {
      groups.emplace_back(group, std::vector<std::string>());
      found = groups.end() - 1;
    }
    found->second.push_back(host.host());
  }
  if (text.empty()) return "  nothing: no host runs it\n";
  if (app.hosts_size() <= kMostHostLines) return text;
  text.clear();
  for (const auto& [serves, hosts] : groups) {
    const size_t named = std::min(hosts.size(), kMostNames);
    absl::StrAppend(
        &text, "  ", serves, ": ",
        absl::StrJoin(hosts.begin(),
                      hosts.begin() + static_cast<ptrdiff_t>(named), ", "),
        named < hosts.size()
            ? absl::StrCat(" and ", hosts.size() - named, " more")
            : "",
        "\n");
  }
  return text;
}

}  // namespace fleet::cli
