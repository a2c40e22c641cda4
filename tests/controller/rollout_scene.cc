#include "tests/controller/rollout_scene.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr int64_t kGeneration = 7;

std::vector<std::string> Words(const std::string& text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

HostStep StepOf(const std::string& word) {
  HostStep step;
  step.generation = kGeneration;
  for (int i = 0; i <= static_cast<int>(HostStepPhase::kRevertFailed); ++i) {
    auto phase = static_cast<HostStepPhase>(i);
    if (word == Name(phase)) {
      step.phase = phase;
      step.touched =
          phase != HostStepPhase::kPending && phase != HostStepPhase::kSkipped;
      if (phase == HostStepPhase::kSkipped)
        step.skip = SkipReason::kUnreachable;
      return step;
    }
  }
  FLEET_CHECK(word == "LOST");
  step.phase = HostStepPhase::kFailed;
  step.lost = true;
  step.touched = true;
  return step;
}

StepReportPhase ReportOf(const std::string& word) {
  if (word == "applying") return StepReportPhase::kApplying;
  if (word == "verifying") return StepReportPhase::kVerifying;
  if (word == "failed") return StepReportPhase::kFailed;
  if (word == "idle") return StepReportPhase::kNone;
  return StepReportPhase::kDone;
}

}  // namespace

HostView ViewOf(const std::string& word, int64_t generation) {
  HostView view;
  if (word == "gone") {
    view.removed = true;
    return view;
  }
  bool old = word == "old" || word == "away" || word == "broken" ||
             word == "dead" || word == "cordoned";
  view.connected = word != "away";
  view.instances_total = 4;
  view.instances_ready = 4;
  view.instances_available = 4;
  view.running_revision = word == "done" || word == "newer" ? 2 : 1;
  view.cordoned = word == "cordoned";
  view.restarts = word == "crashed" ? 1 : 0;
  if (word == "unready") view.instances_ready = view.instances_available = 3;
  if (word == "broken") view.instances_ready = view.instances_available = 2;
  if (word == "dead") view.instances_ready = view.instances_available = 0;
  view.report.generation = old ? generation - 1 : generation;
  if (word == "newer") ++view.report.generation;
  view.report.revision = old ? 1 : 2;
  view.report.phase = ReportOf(word);
  view.report.slots_total = 4;
  view.report.slots_done = view.report.phase == StepReportPhase::kDone ? 4 : 1;
  if (word == "failed") {
    view.report.slot = 1;
    view.report.failure = FailureKind::kReadyTimeout;
    view.report.reason = "web.1 was not ready within 1m: GET /health: 503";
    view.report.stderr_tail = {"one", "two", "three", "no database"};
  }
  return view;
}

RolloutScene::RolloutScene(const std::string& steps, const std::string& hosts) {
  rollout.uid = "r-test0001";
  rollout.app = "web";
  rollout.app_uid = "a-1";
  rollout.kind = RolloutKind::kDeploy;
  rollout.from_revision = 1;
  rollout.to_revision = 2;
  rollout.state.generation = kGeneration;
  rollout.state.phase = RolloutPhase::kRolling;
  rollout.state.progress_at = rollout.policy.progress_deadline;
  rollout.state.total_at = rollout.policy.total_deadline;
  for (const std::string& word : Words(steps)) {
    rollout.steps.push_back(StepOf(word));
    rollout.steps.back().host =
        std::string(1, static_cast<char>('a' + rollout.steps.size() - 1));
  }
  SetHosts(hosts);
}

void RolloutScene::SetHosts(const std::string& hosts) {
  fleet.hosts.clear();
  for (const std::string& word : Words(hosts)) {
    size_t i = fleet.hosts.size();
    fleet.hosts.push_back(ViewOf(word, rollout.steps[i].generation));
  }
  FLEET_CHECK(fleet.hosts.size() == rollout.steps.size());
}

void RolloutScene::SetWaves(const std::vector<int>& waves) {
  for (size_t i = 0; i < waves.size(); ++i) {
    rollout.steps[i].wave = waves[i];
    rollout.policy.waves = std::max(rollout.policy.waves, waves[i] + 1);
  }
}

void RolloutScene::SetZones(const std::string& zones) {
  size_t i = 0;
  for (const std::string& zone : Words(zones)) rollout.steps[i++].zone = zone;
}

Plan RolloutScene::Step() {
  Plan plan = PlanRollout(rollout, fleet, now);
  Apply(plan, rollout);
  return plan;
}

void RolloutScene::Settle() {
  while (!Step().Empty()) {
  }
}

void RolloutScene::Pass(absl::Duration d) {
  now.steady += d;
  now.wall += d;
}

std::string RolloutScene::Steps() const {
  return absl::StrJoin(
      rollout.steps, " ", [](std::string* out, const HostStep& step) {
        const bool lost = step.phase == HostStepPhase::kFailed && step.lost;
        out->append(lost ? "LOST" : Name(step.phase));
      });
}

std::string RolloutScene::Waves() const {
  return absl::StrJoin(rollout.steps, " ",
                       [](std::string* out, const HostStep& step) {
                         absl::StrAppend(out, step.wave);
                       });
}

std::string RolloutScene::Phase() const {
  std::string text = Name(rollout.state.phase);
  for (const Hold& hold : rollout.state.holds) {
    absl::StrAppend(&text, "+", Name(hold.kind));
  }
  if (rollout.state.aborting) text += " aborting";
  return text;
}

std::string Text(const std::vector<TargetChange>& targets) {
  return absl::StrJoin(targets, " ",
                       [](std::string* out, const TargetChange& t) {
                         absl::StrAppend(out, t.host, ":", t.generation);
                       });
}

}  // namespace fleet::controller
