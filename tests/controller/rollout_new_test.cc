#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "controller/rollout/new_rollout.h"
#include "controller/rollout/policy_resolver.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

Candidate Host(const std::string& name, const std::string& word, int ready,
               bool disturbed = false) {
  Candidate candidate{name, "", ViewOf(word, 7), disturbed};
  candidate.view.instances_ready = ready;
  return candidate;
}

TEST(NewRolloutTest, OrdersHostsByHealthThenName) {
  std::vector<HostStep> steps = MakeSteps(
      {Host("d", "old", 4), Host("c", "away", 0), Host("b", "old", 2),
       Host("a", "old", 4), Host("e", "old", 0), Host("f", "old", 4, true)},
      HostOrder::kHealth, {6}, 9);
  std::string order;
  for (const HostStep& step : steps) {
    order += step.host;
    EXPECT_EQ(step.generation, 9);
    EXPECT_EQ(step.attempt, 1);
  }
  EXPECT_EQ(order, "febadc");
}

Policy Resolve(const RolloutPolicySpec& policy, int hosts, bool nothing_runs,
               RolloutKind kind = RolloutKind::kReload) {
  AppSpec spec;
  spec.readiness.timeout = absl::Seconds(42);
  spec.stop.kill_timeout = absl::Seconds(7);
  spec.exec_mode = ExecMode::kCluster;
  absl::StatusOr<Policy> resolved =
      ResolvePolicy(spec, policy, kind, {hosts, hosts * 4, nothing_runs});
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return *resolved;
}

TEST(NewRolloutTest, PolicyDefaults) {
  Policy policy = Resolve({}, 10, false);
  EXPECT_EQ(policy.max_parallel, 1);
  EXPECT_EQ(policy.max_failures, 0);
  EXPECT_EQ(policy.on_failure, OnFailure::kPause);
  EXPECT_EQ(policy.progress_deadline, absl::Minutes(10));
  EXPECT_EQ(policy.step.min_ready_time, absl::Seconds(3));
  EXPECT_EQ(policy.step.ready_deadline, absl::Seconds(42));
  EXPECT_EQ(policy.step.max_flaps, 2);
  EXPECT_EQ(policy.step.strategy, ReloadStrategy::kSurge);
  EXPECT_EQ(policy.stop_time, absl::Seconds(7));
}

TEST(NewRolloutTest, RestartStopsFirst) {
  EXPECT_EQ(Resolve({}, 1, false, RolloutKind::kRestart).step.strategy,
            ReloadStrategy::kStopFirst);
}

TEST(NewRolloutTest, FirstRolloutTakesAllAtOnceUnlessToldOtherwise) {
  EXPECT_EQ(Resolve({}, 10, true).max_parallel, 10);
  RolloutPolicySpec policy;
  policy.max_parallel = "2";
  EXPECT_EQ(Resolve(policy, 10, true).max_parallel, 2);
}

TEST(NewRolloutTest, PercentOfHostsRoundsDown) {
  RolloutPolicySpec policy;
  policy.max_parallel = "25%";
  policy.max_failures = "25%";
  EXPECT_EQ(Resolve(policy, 10, false).max_parallel, 2);
  EXPECT_EQ(Resolve(policy, 3, false).max_parallel, 1);
  EXPECT_EQ(Resolve(policy, 10, false).max_failures, 2);
  EXPECT_EQ(Resolve(policy, 3, false).max_failures, 0);
}

TEST(NewRolloutTest, ErrorsNameTheField) {
  RolloutPolicySpec policy;
  policy.max_parallel = "many";
  absl::Status status =
      ResolvePolicy({}, policy, RolloutKind::kReload, {1, 4, false}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()).rfind("max_parallel", 0), 0u)
      << status;
  EXPECT_EQ(ReasonOf(status).reason, "POLICY_INVALID");
  policy = {};
  policy.progress_deadline = absl::ZeroDuration();
  status =
      ResolvePolicy({}, policy, RolloutKind::kReload, {1, 4, false}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fleet::controller
