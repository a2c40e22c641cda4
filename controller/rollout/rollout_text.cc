#include "controller/rollout/rollout_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxHostNames = 10;
constexpr size_t kMaxStderrLines = 3;

// After the name of what failed, when the host gives no reason.
const char* WhatFailed(FailureKind failure) {
  switch (failure) {
    case FailureKind::kNone:
      return "failed";
    case FailureKind::kStart:
      return "could not be started";
    case FailureKind::kExit:
      return "ended before it was available";
    case FailureKind::kReadyTimeout:
      return "was not ready in time";
    case FailureKind::kFlapping:
      return "was ready and then not, too often";
    case FailureKind::kListen:
      return "could not open its address";
    case FailureKind::kSpec:
      return "cannot run here";
    case FailureKind::kHook:
      return "failed in a hook";
    case FailureKind::kUnhealthy:
      return "lived and did not serve";
  }
  FLEET_CHECK(false);
}

std::string ObjectText(const Rollout& rollout, int slot,
                       const std::string& host) {
  return slot < 0 ? absl::StrCat(rollout.app, " on ", host)
                  : absl::StrCat(rollout.app, ".", slot, "@", host);
}

// Of a stack trace the frames are indented, and what it is about is not.
bool SaysMuch(absl::string_view line) {
  return !line.empty() && !absl::ascii_isspace(line.front());
}

bool SaysAnything(absl::string_view line) {
  return !absl::StripAsciiWhitespace(line).empty();
}

// "TypeError: …", "Error [ERR_…]: …", as Node and Python have it.
bool NamesError(absl::string_view line) {
  return absl::StrContains(line, "Error: ") ||
         absl::StrContains(line, "Error [");
}

std::string LastLines(const std::vector<std::string>& lines) {
  const bool much = std::any_of(lines.begin(), lines.end(), SaysMuch);
  std::vector<absl::string_view> told;
  for (const std::string& line : lines) {
    if (much ? SaysMuch(line) : SaysAnything(line)) told.push_back(line);
  }
  const size_t first = told.size() - std::min(told.size(), kMaxStderrLines);
  // What is written after an error, be it long, says less than the error.
  const auto error = std::find_if(told.rbegin(), told.rend(), NamesError);
  if (error != told.rend() &&
      static_cast<size_t>(told.rend() - error) <= first) {
    return std::string(*error);
  }
  return absl::StrJoin(told.begin() + static_cast<ptrdiff_t>(first), told.end(),
                       " | ");
}

// "; stderr: one | two", or nothing.
std::string LastWords(const std::vector<std::string>& lines, bool hook) {
  const std::string words = LastLines(lines);
  return words.empty()
             ? ""
             : absl::StrCat(hook ? "; output: " : "; stderr: ", words);
}

bool ChangesRevision(const Rollout& rollout) {
  return rollout.kind == RolloutKind::kDeploy ||
         rollout.kind == RolloutKind::kRollback;
}

std::string WhatServes(const Rollout& rollout, const HostView& view) {
  if (view.instances_total == 0) return "nothing serves there now";
  std::string text = absl::StrCat(
      view.instances_ready, " of ", Instances(view.instances_total),
      view.instances_total == 1 ? " is ready" : " are ready");
  if (ChangesRevision(rollout) && view.running_revision != 0) {
    absl::StrAppend(&text, ", revision ", view.running_revision);
  }
  return text;
}

bool IsOfStep(const HostStep& step) {
  return step.progress.generation == step.generation;
}

// All of it runs the new generation, also where that got worse later.
bool Wholly(const HostStep& step) {
  return step.phase == HostStepPhase::kDone ||
         (step.phase == HostStepPhase::kFailed && IsOfStep(step) &&
          step.progress.phase == StepReportPhase::kDone);
}

// The host has instances of both generations.
bool Partly(const HostStep& step) {
  return !Wholly(step) && step.phase != HostStepPhase::kReverted &&
         IsOfStep(step) && step.progress.slots_done > 0;
}

// By the step when it is sure of it.
int64_t RevisionOf(const Rollout& rollout, const HostStep& step,
                   const HostView& view) {
  if (Wholly(step)) return rollout.to_revision;
  if (step.phase == HostStepPhase::kReverted) return rollout.rollback_revision;
  return view.running_revision;
}

// `by_revision`: not by whether it was reloaded.
std::string GroupOf(const Rollout& rollout, const HostStep& step,
                    const HostView& view, bool by_revision) {
  if (by_revision) {
    int64_t revision = RevisionOf(rollout, step, view);
    if (Partly(step)) {
      const bool back = step.phase == HostStepPhase::kRevertFailed;
      return absl::StrCat("partly revision ", back ? rollout.rollback_revision
                                                   : rollout.to_revision);
    }
    if (revision != 0) return absl::StrCat("revision ", revision);
    return view.connected ? "not running" : "not known";
  }
  const char* verb =
      rollout.kind == RolloutKind::kReload ? "reload" : "restart";
  if (Partly(step)) return absl::StrCat("partly ", verb, "ed");
  return absl::StrCat(Wholly(step) ? "" : "not ", verb, "ed");
}

bool HasFailure(const Rollout& rollout) {
  const StepCounts counts = Count(rollout.steps);
  return counts.failed + counts.revert_failed > 0 ||
         rollout.state.pre_rollout.phase == HookPhase::kFailed ||
         rollout.state.post_rollout.phase == HookPhase::kFailed;
}

// What waits for a person ends by nobody's waiting.
const char* WhatHelps(const Rollout& rollout) {
  const RolloutState& state = rollout.state;
  if (HasHold(state, HoldKind::kFailure)) {
    return HasFailure(rollout) ? "retry it" : "resume it";
  }
  if (HasHold(state, HoldKind::kUser)) return "resume it";
  if (HasHold(state, HoldKind::kManualGate)) return "promote it";
  return "wait for it";
}

// Nothing runs there because nothing is to: it mixes with nothing.
bool IsDrained(const HostView& view) {
  return view.connected && view.cordoned && view.instances_total == 0 &&
         view.running_revision == 0;
}

}  // namespace

std::string Hosts(int n) {
  return absl::StrCat(n, n == 1 ? " host" : " hosts");
}

std::string Instances(int64_t n) {
  return absl::StrCat(n, n == 1 ? " instance" : " instances");
}

std::string HostList(const std::vector<std::string>& hosts) {
  size_t shown = std::min(hosts.size(), kMaxHostNames);
  std::string text = absl::StrJoin(
      hosts.begin(), hosts.begin() + static_cast<ptrdiff_t>(shown), ", ");
  if (shown < hosts.size()) {
    absl::StrAppend(&text, " and ", hosts.size() - shown, " more");
  }
  return text;
}

std::string FailureText(const Rollout& rollout, const HostStep& step,
                        const HostView& view) {
  const StepReport& report = view.report;
  std::string text = ObjectText(rollout, report.slot, step.host);
  // It names the instance, as its host knows it.
  absl::string_view reason = report.reason;
  const std::string name = report.slot < 0
                               ? rollout.app
                               : absl::StrCat(rollout.app, ".", report.slot);
  if (reason.empty()) {
    absl::StrAppend(&text, " ", WhatFailed(report.failure));
  } else if (absl::ConsumePrefix(&reason, name + " ")) {
    absl::StrAppend(&text, " ", reason);
  } else {
    absl::StrAppend(&text, " ", WhatFailed(report.failure), ": ", reason);
  }
  absl::StrAppend(
      &text,
      LastWords(report.stderr_tail, report.failure == FailureKind::kHook), "; ",
      WhatServes(rollout, view));
  if (report.slots_done > 0) {
    absl::StrAppend(&text, ", ", report.slots_done, " of ", report.slots_total,
                    " already new");
  }
  return text;
}

std::string OverdueText(const Rollout& rollout, const HostStep& step,
                        const HostView& view, absl::Duration within) {
  const StepReport& progress = step.progress;
  return absl::StrCat(step.host, " has not finished its step within ",
                      DurationText(within), ", it is ", Name(step.phase),
                      " with ", progress.slots_done, " of ",
                      Instances(progress.slots_total), " done",
                      progress.reason.empty() ? "" : ": ", progress.reason,
                      "; ", WhatServes(rollout, view));
}

std::string WorseText(const Rollout& rollout, const HostStep& step,
                      const HostView& view, const std::string& what) {
  const InstanceTrouble& trouble = view.trouble;
  std::string text = absl::StrCat(ObjectText(rollout, trouble.slot, step.host),
                                  " got worse after its step: ", what);
  if (!trouble.last_exit.empty()) {
    absl::StrAppend(&text, " (", trouble.last_exit, ")");
  }
  if (!trouble.reason.empty()) absl::StrAppend(&text, ": ", trouble.reason);
  absl::StrAppend(&text, LastWords(trouble.stderr_tail, false), "; ",
                  WhatServes(rollout, view));
  return text;
}

std::string FinalStateText(const Rollout& rollout, const FleetView& fleet,
                           const std::function<const HostStep&(size_t)>& step) {
  // Of a reload that was turned back some workers are new ones all the same.
  bool by_revision = ChangesRevision(rollout);
  for (size_t i = 0; i < fleet.hosts.size() && !by_revision; ++i) {
    by_revision = step(i).phase == HostStepPhase::kReverted ||
                  step(i).phase == HostStepPhase::kRevertFailed;
  }
  std::map<std::string, std::vector<std::string>> groups;
  std::vector<std::string> drained;
  for (size_t i = 0; i < fleet.hosts.size(); ++i) {
    const HostView& view = fleet.hosts[i];
    if (view.removed) continue;
    if (IsDrained(view)) {
      drained.push_back(step(i).host);
    } else {
      groups[GroupOf(rollout, step(i), view, by_revision)].push_back(
          step(i).host);
    }
  }
  for (const auto& [host, revision] : fleet.joined) {
    if (!by_revision) break;
    groups[revision == 0 ? "not running" : absl::StrCat("revision ", revision)]
        .push_back(host);
  }
  std::vector<std::string> parts;
  parts.reserve(groups.size() + 1);
  for (const auto& [state, hosts] : groups) {
    parts.push_back(absl::StrCat(state, " on ", HostList(hosts)));
  }
  if (!drained.empty()) {
    parts.push_back(absl::StrCat("drained: ", HostList(drained)));
  }
  if (parts.empty()) return "no host is left";
  return absl::StrCat(groups.size() > 1 ? "MIXED: " : "",
                      absl::StrJoin(parts, "; "));
}

std::string InTheWayText(const Rollout& rollout) {
  const RolloutState& state = rollout.state;
  return absl::StrCat("rollout ", rollout.uid, " of ", rollout.app,
                      " has not ended: ",
                      HasHold(state, HoldKind::kFailure) ? "paused by a failure"
                                                         : Name(state.phase),
                      state.message.empty() ? "" : ", ", state.message, "; ",
                      WhatHelps(rollout), state.aborting ? "" : ", abort it",
                      ", or supersede it");
}

std::string StatusLine(const Rollout& rollout) {
  if (!rollout.state.message.empty()) return rollout.state.message;
  StepCounts counts = Count(rollout.steps);
  std::string text =
      absl::StrCat(counts.done, " of ",
                   Hosts(static_cast<int>(rollout.steps.size())), " done");
  if (counts.in_flight > 0) {
    absl::StrAppend(&text, ", ", counts.in_flight, " in progress");
  }
  if (counts.failed > 0) absl::StrAppend(&text, ", ", counts.failed, " failed");
  if (counts.skipped > 0) {
    absl::StrAppend(&text, ", ", counts.skipped, " skipped");
  }
  return text;
}

}  // namespace fleet::controller
