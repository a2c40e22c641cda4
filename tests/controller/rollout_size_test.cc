// How many hosts a policy means.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "controller/rollout/new_rollout.h"
#include "controller/rollout/policy_resolver.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

struct WaveRow {
  const char* name;
  const char* canary;
  std::vector<std::string> waves;
  int hosts;
  std::vector<int> want;
};

class WaveEndsTable : public ::testing::TestWithParam<WaveRow> {};

TEST_P(WaveEndsTable, Resolves) {
  RolloutPolicySpec policy;
  policy.canary = GetParam().canary;
  policy.waves = GetParam().waves;
  EXPECT_EQ(WaveEnds(policy, GetParam().hosts), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Waves, WaveEndsTable,
    ::testing::Values(
        WaveRow{"None", "", {}, 10, {10}},
        WaveRow{"Canary", "1", {}, 10, {1, 10}},
        WaveRow{"CanaryOfAll", "5", {}, 3, {3}},
        WaveRow{"NoCanary", "0", {}, 10, {10}},
        WaveRow{"PercentRoundsDown", "25%", {}, 10, {2, 10}},
        WaveRow{"PercentIsAtLeastOne", "5%", {}, 10, {1, 10}},
        WaveRow{
            "Growing", "", {"1", "10%", "50%", "100%"}, 100, {1, 10, 50, 100}},
        WaveRow{"WavesThatAddNobodyAreLeftOut",
                "",
                {"1", "10%", "50%", "100%"},
                5,
                {1, 2, 5}},
        WaveRow{"TheRestFollows", "", {"1", "50%"}, 10, {1, 5, 10}},
        WaveRow{"CanaryBeforeWaves", "1", {"20%", "100%"}, 10, {1, 2, 10}},
        WaveRow{"OneHost", "1", {"50%"}, 1, {1}}),
    [](const auto& info) { return info.param.name; });

Candidate HostOf(const std::string& name, const std::string& zone, int ready) {
  Candidate candidate{name, zone, ViewOf("old", 7), false};
  candidate.view.instances_ready = ready;
  return candidate;
}

std::string Order(HostOrder order) {
  std::string names;
  for (const HostStep& step :
       MakeSteps({HostOf("d", "x", 4), HostOf("c", "y", 2), HostOf("b", "y", 4),
                  HostOf("a", "z", 4)},
                 order, {4}, 9)) {
    names += step.host;
  }
  return names;
}

TEST(HostOrderTest, HealthThenZoneThenName) {
  EXPECT_EQ(Order(HostOrder::kHealth), "cdba");
  EXPECT_EQ(Order(HostOrder::kZone), "dcba");
  EXPECT_EQ(Order(HostOrder::kName), "abcd");
}

TEST(HostOrderTest, WavesFollowTheOrder) {
  std::vector<HostStep> steps =
      MakeSteps({HostOf("b", "", 4), HostOf("a", "", 4), HostOf("c", "", 4)},
                HostOrder::kName, {1, 3}, 9);
  EXPECT_EQ(steps[0].wave, 0);
  EXPECT_EQ(steps[1].wave, 1);
  EXPECT_EQ(steps[2].wave, 1);
}

absl::StatusOr<Policy> Resolve(const RolloutPolicySpec& policy,
                               const std::string& listen, int hosts,
                               RolloutKind kind = RolloutKind::kReload) {
  AppSpec spec;
  if (!listen.empty()) spec.listen = {listen};
  return ResolvePolicy(spec, policy, kind, {hosts, hosts * 4, false});
}

TEST(MaxUnavailableTest, DefaultsToNoneForASurge) {
  EXPECT_EQ(Resolve({}, "tcp://0.0.0.0:80", 10)->max_unavailable, 0);
}

TEST(MaxUnavailableTest, DefaultsToWhatMaxParallelHostsTake) {
  RolloutPolicySpec policy;
  policy.max_parallel = "3";
  EXPECT_EQ(Resolve(policy, "", 10)->max_unavailable, 3);
}

TEST(MaxUnavailableTest, PercentOfInstancesRoundsDown) {
  RolloutPolicySpec policy;
  policy.max_unavailable = "10%";
  EXPECT_EQ(Resolve(policy, "tcp://0.0.0.0:80", 7)->max_unavailable, 2);
  EXPECT_EQ(Resolve(policy, "tcp://0.0.0.0:80", 1)->max_unavailable, 0);
  // Stop-first cannot go below one.
  EXPECT_EQ(Resolve(policy, "", 1)->max_unavailable, 1);
}

TEST(MaxUnavailableTest, NoneIsRefusedWhereWorkersStopFirst) {
  RolloutPolicySpec policy;
  policy.max_unavailable = "0";
  EXPECT_TRUE(Resolve(policy, "tcp://0.0.0.0:80", 3).ok());
  absl::Status status = Resolve(policy, "", 3).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Resolve(policy, "tcp://0.0.0.0:80", 3, RolloutKind::kRestart)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ResolvePolicyTest, SkippedHostsAndZonesHaveDefaults) {
  EXPECT_EQ(Resolve({}, "", 10)->max_skipped, 2);
  EXPECT_EQ(Resolve({}, "", 1)->max_skipped, 1);
  EXPECT_EQ(Resolve({}, "", 10)->max_zones, kNoLimit);
  RolloutPolicySpec policy;
  policy.max_skipped = "0";
  policy.zone_label = "zone";
  EXPECT_EQ(Resolve(policy, "", 10)->max_skipped, 0);
  EXPECT_EQ(Resolve(policy, "", 10)->max_zones, 1);
}

}  // namespace
}  // namespace fleet::controller
