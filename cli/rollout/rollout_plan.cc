#include "cli/rollout/rollout_plan.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/render/text_style.h"
#include "cli/rollout/rollout_words.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

constexpr size_t kMostHosts = 50;
constexpr size_t kWidestCommand = 60;

std::string TimeText(const v1::Rollout& rollout) {
  if (!rollout.has_estimate()) {
    return "time: not known, no rollout of it has succeeded yet";
  }
  return absl::StrCat("time: about ",
                      HumanDuration(FromProto(rollout.estimate())),
                      ", by what its past rollouts took");
}

std::string WayBackText(const v1::Rollout& rollout) {
  if (rollout.kind() == v1::ROLLOUT_KIND_ROLLBACK) {
    return "it holds (a rollback is never rolled back)";
  }
  const bool same = rollout.rollback_revision() == rollout.to_revision();
  const bool deploy = rollout.kind() == v1::ROLLOUT_KIND_DEPLOY;
  if (rollout.rollback_revision() == 0 || (same && deploy)) {
    return "it holds (no other revision is proven)";
  }
  return same ? absl::StrCat("what was touched is brought to revision ",
                             rollout.rollback_revision(), " again")
              : absl::StrCat("back to revision ", rollout.rollback_revision());
}

std::string FailureText(const v1::Rollout& rollout) {
  const v1::RolloutPolicy& policy = rollout.policy();
  const std::string when =
      policy.max_failures().empty() || policy.max_failures() == "0"
          ? "a host fails"
          : absl::StrCat(
                "more than ", policy.max_failures(),
                policy.max_failures() == "1" ? " host fails" : " hosts fail");
  if (policy.on_failure() == v1::ON_FAILURE_ROLLBACK) {
    return absl::StrCat("if ", when, ": ", WayBackText(rollout));
  }
  return absl::StrCat("if ", when,
                      policy.on_failure() == v1::ON_FAILURE_ABORT
                          ? ": it ends, hosts stay as they are"
                          : ": it holds for a person");
}

// What is run beside the workers.
std::string HookLines(const v1::RolloutHooks& hooks) {
  const struct {
    const v1::Hook& hook;
    const char* when;
  } all[] = {
      {hooks.pre_rollout(), "once, before any host is touched"},
      {hooks.pre_reload(), "on each host, before its workers are touched"},
      {hooks.post_reload(), "on each host, once its workers are available"},
      {hooks.post_rollout(), "once, after the last host"}};
  std::string text;
  for (const auto& one : all) {
    if (one.hook.command().empty()) continue;
    absl::StrAppend(&text, "  ", one.when, ": ",
                    Printable(Truncated(one.hook.command(), kWidestCommand)),
                    "\n");
  }
  return text;
}

std::string HostText(const v1::HostStep& step, size_t width) {
  std::string text = absl::StrCat("    ", PaddedRight(step.host(), width));
  if (!step.zone().empty()) absl::StrAppend(&text, "  zone ", step.zone());
  // Who is cordoned or not connected waits for nothing: it is left out.
  const bool left_out = absl::StrContains(step.waits_for(), ": ");
  absl::StrAppend(&text, left_out ? "  " : "  waits for: ",
                  step.waits_for().empty() ? "a free slot" : step.waits_for());
  return text;
}

std::string WaveLines(const v1::Rollout& rollout, int wave, size_t width) {
  const v1::Wave& of = rollout.waves(wave);
  std::string text = absl::StrCat("  wave ", wave + 1, ": ", of.hosts(),
                                  of.hosts() == 1 ? " host" : " hosts");
  if (!of.then().empty()) absl::StrAppend(&text, ", then ", of.then());
  text += "\n";
  size_t shown = 0;
  for (const v1::HostStep& step : rollout.steps()) {
    if (step.wave() != wave || ++shown > kMostHosts) continue;
    absl::StrAppend(&text, HostText(step, width), "\n");
  }
  if (shown > kMostHosts) {
    absl::StrAppend(&text, "    … and ", shown - kMostHosts, " more\n");
  }
  return text;
}

}  // namespace

std::string RolloutPlan(const v1::Rollout& rollout) {
  size_t width = 0;
  for (const v1::HostStep& step : rollout.steps()) {
    width = std::max(width, DisplayWidth(step.host()));
  }
  std::string text = absl::StrCat(
      RolloutTitle(rollout), "\n  ", TimeText(rollout), "\n  ",
      FailureText(rollout), "\n", HookLines(rollout.policy().hooks()));
  for (int wave = 0; wave < rollout.waves_size(); ++wave) {
    text += WaveLines(rollout, wave, width);
  }
  return text;
}

std::string UndoPlan(const v1::Rollout& rollout) {
  size_t width = 0;
  for (const v1::HostStep& step : rollout.steps()) {
    width = std::max(width, DisplayWidth(step.host()));
  }
  const HostCounts counts = CountHosts(rollout);
  std::string text = absl::StrCat(
      "would be turned back: ", KindText(rollout.kind()), " of ", rollout.app(),
      " to revision ", rollout.to_revision(), " (rollout ", rollout.uid(),
      "), back to revision ", rollout.rollback_revision(), " on ",
      counts.in_flight, counts.in_flight == 1 ? " host" : " hosts",
      rollout.rollback_revision() == rollout.to_revision()
          ? "; it is the same one, what runs it is left alone\n"
          : "\n");
  size_t shown = 0;
  for (const v1::HostStep& step : rollout.steps()) {
    if (++shown > kMostHosts) continue;
    const bool back = step.phase() == v1::HOST_STEP_PHASE_REVERTING;
    absl::StrAppend(&text, "    ", PaddedRight(step.host(), width), "  ",
                    back ? "goes back; it " : "", Printable(step.reason()),
                    "\n");
  }
  if (shown > kMostHosts) {
    absl::StrAppend(&text, "    … and ", shown - kMostHosts, " more\n");
  }
  return text;
}

std::string DryRunText(const v1::Rollout& plan, bool supersede) {
  std::string text = absl::StrCat("would be made: ", RolloutPlan(plan));
  if (!plan.has_under_way()) return text;
  const v1::Rollout& other = plan.under_way();
  return absl::StrCat(
      "under way: rollout ", other.uid(), ", ", KindText(other.kind()), " of ",
      other.app(), " to revision ", other.to_revision(), ": ",
      RolloutPhaseText(other).text, ", ", Printable(other.message()), "\n",
      supersede ? "  it would be ended (superseded); the hosts it has in work "
                  "would go first\n"
                : absl::StrCat(
                      "  this would be refused while that one has not ended\n"
                      "  fleetctl rollout status ",
                      other.uid(),
                      " --wait    follow it\n"
                      "  --supersede    ends it in favour of this one, as "
                      "planned here\n"),
      text);
}

}  // namespace fleet::cli
