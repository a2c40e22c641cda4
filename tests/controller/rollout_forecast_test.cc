#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "controller/rollout/forecast.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

TEST(ForecastTest, SaysWhatEachHostWaitsFor) {
  RolloutScene scene("PENDING PENDING PENDING PENDING PENDING",
                     "old old old away cordoned");
  scene.SetWaves({0, 1, 1, 1, 1});
  scene.rollout.policy.promotion = Promotion::kManual;
  scene.rollout.policy.bake_time = absl::Minutes(2);
  EXPECT_EQ(absl::StrJoin(WaitsFor(scene.rollout, scene.fleet), "|"),
            "nothing|wave 1, and to be promoted|a free slot in "
            "wave 2|not connected: it is skipped until it is back|cordoned: it "
            "is skipped until it is uncordoned");
}

TEST(ForecastTest, TimeIsRoundsOfHostsAndBakes) {
  RolloutScene scene("PENDING PENDING PENDING PENDING PENDING",
                     "old old old old old");
  scene.SetWaves({0, 1, 1, 1, 1});
  scene.rollout.policy.max_parallel = 3;
  scene.rollout.policy.bake_time = absl::Minutes(2);
  EXPECT_EQ(TimeLeft(scene.rollout, scene.now.steady), absl::ZeroDuration());
  scene.rollout.step_estimate = absl::Seconds(10);
  EXPECT_EQ(TimeLeft(scene.rollout, scene.now.steady),
            absl::Seconds(10) + absl::Minutes(2) + 2 * absl::Seconds(10) +
                absl::Minutes(2));
}

TEST(ForecastTest, AZoneWaitsForThoseBeforeIt) {
  RolloutScene scene("PENDING PENDING PENDING PENDING", "old old old old");
  scene.SetZones("a b a c");
  scene.rollout.policy.max_zones = 1;
  scene.rollout.policy.max_parallel = 2;
  EXPECT_EQ(absl::StrJoin(WaitsFor(scene.rollout, scene.fleet), "|"),
            "nothing|the zones before it|nothing|the zones before it");
  scene.rollout.step_estimate = absl::Seconds(10);
  EXPECT_EQ(TimeLeft(scene.rollout, scene.now.steady), absl::Seconds(30));
}

TEST(ForecastTest, TimeLeftShrinksWithTheBake) {
  RolloutScene scene("APPLYING PENDING", "done old");
  scene.SetWaves({0, 1});
  scene.rollout.policy.bake_time = absl::Minutes(2);
  scene.rollout.step_estimate = absl::Seconds(10);
  scene.Settle();
  scene.Pass(absl::Minutes(1));
  EXPECT_EQ(TimeLeft(scene.rollout, scene.now.steady),
            absl::Minutes(1) + absl::Seconds(10) + absl::Minutes(2));
}

TEST(ForecastTest, MedianOfNoneIsNone) {
  EXPECT_EQ(Median({}), absl::ZeroDuration());
  EXPECT_EQ(Median({absl::Seconds(9), absl::Seconds(1), absl::Seconds(2)}),
            absl::Seconds(2));
}

}  // namespace
}  // namespace fleet::controller
