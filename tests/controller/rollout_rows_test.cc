#include "controller/rollout_rows.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(5000);

Policy WholePolicy() {
  Policy policy;
  policy.max_parallel = 5;
  policy.max_failures = 2;
  policy.on_failure = OnFailure::kAbort;
  policy.progress_deadline = absl::Seconds(77);
  policy.unknown_grace = absl::Seconds(78);
  policy.stop_time = absl::Milliseconds(1600);
  policy.step.strategy = ReloadStrategy::kStopFirst;
  policy.step.min_ready_time = absl::Seconds(1);
  policy.step.ready_deadline = absl::Seconds(2);
  policy.step.max_flaps = 0;
  policy.step.pre_reload = {"git pull", absl::Seconds(5)};
  policy.step.post_reload = {"./warm", absl::Seconds(6)};
  policy.step.rollout = "r-1";
  policy.pre_rollout = {"./migrate", absl::Seconds(7)};
  policy.post_rollout = {"./announce", absl::Seconds(8)};
  policy.gates = {{GateSource::kMemory, "", "", std::nullopt, 1e9, 0,
                   absl::Seconds(1), absl::Seconds(2), absl::Minutes(1),
                   NoData::kFail}};
  policy.pre_revert = {"git checkout v1", absl::Seconds(9)};
  policy.post_revert = {"./warm v1", absl::Seconds(10)};
  policy.max_skipped = 3;
  policy.max_unavailable = 4;
  policy.max_zones = 2;
  policy.zone_label = "zone";
  policy.order = HostOrder::kZone;
  policy.waves = 3;
  policy.promotion = Promotion::kManual;
  policy.bake_time = absl::Seconds(120);
  policy.total_deadline = absl::Seconds(79);
  policy.step_deadline = absl::Seconds(80);
  return policy;
}

RolloutState WholeState() {
  RolloutState state;
  state.phase = RolloutPhase::kRolling;
  state.holds = {{HoldKind::kUser, "lunch", absl::FromUnixSeconds(17)},
                 {HoldKind::kFailure, "b failed", absl::FromUnixSeconds(18)}};
  state.aborting = true;
  state.end_reason = "why";
  state.message = "m";
  state.generation = 9;
  state.failures = 3;
  state.forgiven = 1;
  state.progress_at = absl::Seconds(600);
  state.total_at = absl::Seconds(601);
  state.bake_until = absl::Seconds(602);
  state.step_time = absl::Seconds(34);
  state.wave = 1;
  state.baked = true;
  state.promoted = true;
  state.bake_failure = "worse";
  state.forgiven_wave = 0;
  state.skip_any = true;
  state.pre_rollout = {HookPhase::kDone, "a", 2, absl::Seconds(3), "", {"ok"}};
  state.post_rollout.phase = HookPhase::kRunning;
  GateState& gate = state.gates.emplace_back();
  gate.verdict = GateVerdict::kPass;
  gate.answer = "1.0 MB";
  gate.time = absl::FromUnixSeconds(19);
  gate.since = absl::FromUnixSeconds(18);
  gate.final = true;
  state.last_seq = 12;
  return state;
}

RolloutSummary Everything() {
  RolloutSummary summary;
  Rollout& rollout = summary.rollout;
  rollout.uid = "r-1";
  rollout.app = "web";
  rollout.app_uid = "a-1";
  rollout.kind = RolloutKind::kDeploy;
  rollout.from_revision = 3;
  rollout.to_revision = 4;
  rollout.policy = WholePolicy();
  rollout.state = WholeState();
  rollout.rollback_revision = 2;
  rollout.epoch = 6;
  rollout.step_estimate = absl::Seconds(33);
  rollout.create_time = absl::FromUnixMicros(1700000000123456);
  rollout.actor = "ann";
  rollout.request_id = "ci-1";
  summary.hosts_done = 1;
  summary.hosts_total = 4;
  return summary;
}

TEST(RolloutRowsTest, RolloutComesBackAsItWas) {
  RolloutSummary before = Everything();
  RolloutRow row = ToRow(before, kNow);
  EXPECT_EQ(row.uid, "r-1");
  EXPECT_EQ(row.app, "web");
  EXPECT_EQ(row.request_id, "ci-1");
  EXPECT_TRUE(row.active);
  absl::StatusOr<RolloutSummary> after = FromRow(row);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(ToRow(*after, kNow).body, row.body);
  EXPECT_EQ(after->hosts_done, 1);
  EXPECT_EQ(after->rollout.policy.step, before.rollout.policy.step);
  EXPECT_EQ(after->rollout.policy.max_failures, 2);
  EXPECT_EQ(after->rollout.policy.gates, before.rollout.policy.gates);
  EXPECT_EQ(after->rollout.policy.post_rollout,
            before.rollout.policy.post_rollout);
  EXPECT_EQ(after->rollout.state.pre_rollout, before.rollout.state.pre_rollout);
  EXPECT_EQ(after->rollout.state.gates[0].verdict, GateVerdict::kPass);
  EXPECT_EQ(after->rollout.state.total_at, absl::Seconds(601));
  EXPECT_EQ(after->rollout.state.wave, 1);
  EXPECT_EQ(after->rollout.state.holds, before.rollout.state.holds);
  EXPECT_EQ(after->rollout.state.forgiven, 1);
  EXPECT_EQ(after->rollout.state.end_time, absl::InfinitePast());
  EXPECT_EQ(after->rollout.create_time, before.rollout.create_time);
}

TEST(RolloutRowsTest, ClockComesBackStandingAtWhatItShowed) {
  RolloutSummary summary = Everything();
  summary.rollout.state.clock.Run(kNow - absl::Seconds(40));
  absl::StatusOr<RolloutSummary> after = FromRow(ToRow(summary, kNow));
  ASSERT_TRUE(after.ok());
  const RolloutClock& clock = after->rollout.state.clock;
  EXPECT_FALSE(clock.running());
  EXPECT_EQ(clock.Elapsed(kNow + absl::Hours(9)), absl::Seconds(40));
}

TEST(RolloutRowsTest, StepComesBackAsItWas) {
  HostStep step;
  step.host = "b";
  step.zone = "z";
  step.wave = 2;
  step.touched = true;
  step.away = true;
  step.phase = HostStepPhase::kSkipped;
  step.skip = SkipReason::kUnreachable;
  step.lost = true;
  step.reason = "r";
  step.attempt = 3;
  step.generation = 9;
  step.admit_time = absl::FromUnixSeconds(20);
  step.admitted_at = absl::Seconds(30);
  step.unknown_at = absl::Seconds(31);
  step.progress = ViewOf("failed", 9).report;
  step.progress.slot = 0;
  RolloutStepRow row = ToRow("r-1", 6, step);
  EXPECT_EQ(row.uid, "r-1");
  EXPECT_EQ(row.index, 6);
  absl::StatusOr<HostStep> after = FromRow(row);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(ToRow("r-1", 6, *after).body, row.body);
  EXPECT_EQ(after->progress, step.progress);
  EXPECT_EQ(after->skip, SkipReason::kUnreachable);
  EXPECT_EQ(after->unknown_at, absl::Seconds(31));
  EXPECT_EQ(after->end_time, absl::InfinitePast());
}

TEST(RolloutRowsTest, EventComesBackAsItWas) {
  RolloutEvent event;
  event.seq = 5;
  event.time = absl::FromUnixSeconds(20);
  event.host = "b";
  event.host_phase = HostStepPhase::kUnknown;
  event.phase = RolloutPhase::kRolling;
  event.message = "m";
  event.actor = "ann";
  RolloutEventRow row = ToRow("r-1", event);
  absl::StatusOr<RolloutEvent> after = FromRow(row);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->seq, 5);
  EXPECT_EQ(after->host_phase, HostStepPhase::kUnknown);
  EXPECT_EQ(ToRow("r-1", *after).body, row.body);
}

TEST(RolloutRowsTest, BytesThatAreNotTextAreReplaced) {
  HostStep step;
  step.progress.stderr_tail = {"caf\xe9"};
  absl::StatusOr<HostStep> after = FromRow(ToRow("r-1", 0, step));
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->progress.stderr_tail[0], "caf\xef\xbf\xbd");
}

TEST(RolloutRowsTest, FieldsOfALaterVersionAreIgnoredAndMissingOnesDefaulted) {
  absl::StatusOr<HostStep> step =
      FromRow(RolloutStepRow{"r-1", 0, R"({"host":"b","planet":"z"})"});
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(step->host, "b");
  EXPECT_EQ(step->attempt, 1);
  EXPECT_EQ(step->progress.slot, -1);
}

TEST(RolloutRowsTest, BrokenBodiesAreAnErrorThatNamesTheRow) {
  for (const char* body : {"", "{", "[]", "3", R"({"host":3})",
                           R"({"phase":"dancing"})", R"({"progress":[1]})"}) {
    absl::Status status = FromRow(RolloutStepRow{"r-1", 4, body}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << body;
    EXPECT_NE(std::string(status.message()).find("step 4 of rollout r-1"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace fleet::controller
