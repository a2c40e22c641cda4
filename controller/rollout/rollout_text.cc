#include "controller/rollout/rollout_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxHostNames = 10;
constexpr size_t kMaxStderrLines = 3;

std::string WhatFailed(const Rollout& rollout, const StepReport& report) {
  switch (report.failure) {
    case FailureKind::kNone:
      return "failed";
    case FailureKind::kStart:
      return "could not be started";
    case FailureKind::kExit:
      return "ended before it was available";
    case FailureKind::kReadyTimeout:
      return absl::StrCat("was not ready within ",
                          DurationText(rollout.policy.step.ready_deadline));
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

std::string LastLines(const std::vector<std::string>& lines) {
  size_t first = lines.size() - std::min(lines.size(), kMaxStderrLines);
  return absl::StrJoin(lines.begin() + static_cast<ptrdiff_t>(first),
                       lines.end(), " | ");
}

bool ChangesRevision(const Rollout& rollout) {
  return rollout.kind == RolloutKind::kDeploy ||
         rollout.kind == RolloutKind::kRollback;
}

std::string WhatServes(const Rollout& rollout, const StepReport& report,
                       const HostView& view) {
  if (view.instances_total == 0) return "nothing serves there now";
  std::string text = absl::StrCat(view.instances_ready, " of ",
                                  view.instances_total, " instances are ready");
  if (ChangesRevision(rollout) && view.running_revision != 0) {
    absl::StrAppend(&text, ", revision ", view.running_revision);
  }
  if (report.slots_done > 0) {
    absl::StrAppend(&text, ", ", report.slots_done, " of ", report.slots_total,
                    " already new");
  }
  return text;
}

// The host has instances of both generations.
bool Partly(const HostStep& step) {
  return step.phase != HostStepPhase::kDone &&
         step.phase != HostStepPhase::kReverted &&
         step.progress.slots_done > 0 &&
         step.progress.generation == step.generation;
}

// By the step when it is sure of it.
int64_t RevisionOf(const Rollout& rollout, const HostStep& step,
                   const HostView& view) {
  if (step.phase == HostStepPhase::kDone) return rollout.to_revision;
  if (step.phase == HostStepPhase::kReverted) return rollout.rollback_revision;
  return view.running_revision;
}

std::string GroupOf(const Rollout& rollout, const HostStep& step,
                    const HostView& view) {
  bool done = step.phase == HostStepPhase::kDone;
  if (ChangesRevision(rollout)) {
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
  return absl::StrCat(done ? "" : "not ", verb, "ed");
}

}  // namespace

std::string Hosts(int n) {
  return absl::StrCat(n, n == 1 ? " host" : " hosts");
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
  std::string text =
      report.slot < 0
          ? absl::StrCat(rollout.app, " on ", step.host)
          : absl::StrCat(rollout.app, ".", report.slot, "@", step.host);
  absl::StrAppend(&text, " ", WhatFailed(rollout, report));
  if (!report.reason.empty()) absl::StrAppend(&text, ": ", report.reason);
  if (!report.stderr_tail.empty()) {
    const bool hook = report.failure == FailureKind::kHook;
    absl::StrAppend(&text, hook ? "; output: " : "; stderr: ",
                    LastLines(report.stderr_tail));
  }
  absl::StrAppend(&text, "; ", WhatServes(rollout, report, view));
  return text;
}

std::string FinalStateText(const Rollout& rollout, const FleetView& fleet,
                           const std::function<const HostStep&(size_t)>& step) {
  std::map<std::string, std::vector<std::string>> groups;
  for (size_t i = 0; i < fleet.hosts.size(); ++i) {
    if (fleet.hosts[i].removed) continue;
    groups[GroupOf(rollout, step(i), fleet.hosts[i])].push_back(step(i).host);
  }
  for (const auto& [host, revision] : fleet.joined) {
    if (!ChangesRevision(rollout)) break;
    groups[revision == 0 ? "not running" : absl::StrCat("revision ", revision)]
        .push_back(host);
  }
  if (groups.empty()) return "no host is left";
  if (groups.size() == 1) {
    auto& [state, hosts] = *groups.begin();
    return absl::StrCat(state, " on ", HostList(hosts));
  }
  std::vector<std::string> parts;
  parts.reserve(groups.size());
  for (const auto& [state, hosts] : groups) {
    parts.push_back(absl::StrCat(state, " on ", HostList(hosts)));
  }
  return absl::StrCat("MIXED: ", absl::StrJoin(parts, "; "));
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
