// Commands that start, follow and steer rollouts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "absl/strings/str_split.h"
#include "cli/commands/commands.h"
#include "proto/rpc/status.h"
#include "tests/cli/command_scene.h"
#include "tests/cli/proto_text.h"
#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

v1::WatchRolloutResponse Watched(const std::string& rollout, int64_t seq) {
  v1::WatchRolloutResponse message;
  *message.mutable_rollout() = FromText<v1::Rollout>(
      "uid: 'r-1' app: 'web' kind: ROLLOUT_KIND_RELOAD " + rollout);
  if (seq > 0) {
    auto* event = message.add_events();
    event->set_seq(seq);
    event->set_message("event " + std::to_string(seq));
    event->set_phase(message.rollout().phase());
  }
  return message;
}

constexpr char kPlanBesideAnother[] =
    "app: 'web' kind: ROLLOUT_KIND_RELOAD to_revision: 3 under_way { uid: "
    "'r-9' app: 'web' kind: ROLLOUT_KIND_DEPLOY to_revision: 4 phase: "
    "ROLLOUT_PHASE_ROLLING message: '1 of 3 hosts done' }";

class RolloutCommandsTest : public CommandScene {
 protected:
  void Succeeds() {
    fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 1),
                              Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 2)},
                             absl::OkStatus(),
                             false});
  }
};

TEST_F(RolloutCommandsTest, ReloadFollowsToSuccess) {
  Succeeds();
  const Ran ran = Run("reload web --hosts all --max-parallel 50%");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("event 1"));
  EXPECT_THAT(ran.err, HasSubstr("reload of web succeeded"));
  EXPECT_THAT(fake_.Requests(),
              ElementsAre("ListApps {omit_specs: true omit_hosts: true}",
                          "CreateRollout {app: \"web\" kind: "
                          "ROLLOUT_KIND_RELOAD hosts: \"all\" policy { "
                          "max_parallel: \"50%\" }}"));
}

TEST_F(RolloutCommandsTest, ReloadDrawsInPlaceOnATerminal) {
  terminal_ = [] { return TerminalSize{80, 24}; };
  Succeeds();
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("\x1b[K\n"));
  EXPECT_THAT(ran.err, Not(HasSubstr("event 1")));
}

TEST_F(RolloutCommandsTest, FailureIsExplainedAndIsThree) {
  fake_.watches.push_back(
      {{Watched("phase: ROLLOUT_PHASE_ROLLING "
                "holds { kind: HOLD_KIND_FAILURE reason: 'limit' } "
                "steps { host: 'host-1' phase: HOST_STEP_PHASE_FAILED "
                "reason: 'exit code 1' }",
                1)},
       absl::OkStatus(),
       true});
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("exit code 1"));
  EXPECT_THAT(ran.err, HasSubstr("host-1: 1/1 ready"));
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout retry r-1"));
}

TEST_F(RolloutCommandsTest, AbortedIsFive) {
  fake_.watches.push_back(
      {{Watched("phase: ROLLOUT_PHASE_ABORTED", 1)}, absl::OkStatus(), false});
  EXPECT_EQ(Run("reload web").code, 5);
}

TEST_F(RolloutCommandsTest, TimeoutIsSixAndTheRolloutGoesOn) {
  fake_.watches.push_back(
      {{Watched("phase: ROLLOUT_PHASE_ROLLING", 1)}, absl::OkStatus(), true});
  environment_["GITHUB_ACTIONS"] = "true";
  const Ran ran = Run("reload web --timeout 100ms");
  EXPECT_EQ(ran.code, 6);
  EXPECT_THAT(ran.err, HasSubstr("goes on without this command"));
  EXPECT_THAT(ran.err, HasSubstr("::error title=reload of web%3A rolling::--"));
}

TEST_F(RolloutCommandsTest, InterruptDetaches) {
  fake_.watches.push_back(
      {{Watched("phase: ROLLOUT_PHASE_ROLLING", 1)}, absl::OkStatus(), true});
  // Runs when the command waits and has its handler.
  loop_.Post([] { raise(SIGINT); });
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 130);
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout abort"));
}

TEST_F(RolloutCommandsTest, ConflictIsEightAndSaysWhatToDo) {
  fake_.FailMethod(
      "CreateRollout",
      ErrorWithReason(absl::StatusCode::kAborted, "busy",
                      {"ROLLOUT_IN_PROGRESS", {{"rollout", "r-9"}}}));
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 8);
  EXPECT_EQ(
      ran.err,
      "fleetctl: busy\n"
      "  fleetctl rollout status r-9 --wait    follow it\n"
      "  fleetctl rollout abort r-9            end it; hosts stay as they "
      "are\n"
      "  --supersede                           end it in favour of this "
      "one\n");
}

TEST_F(RolloutCommandsTest, DryRunSaysWhatIsUnderWayAndSucceeds) {
  fake_.rollout = FromText<v1::Rollout>(kPlanBesideAnother);
  Ran ran = Run("reload web --dry-run");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("under way: rollout r-9, deploy of web to "
                                 "revision 4: rolling, 1 of 3 hosts done\n"
                                 "  this would be refused"));
  EXPECT_THAT(ran.out, HasSubstr("fleetctl rollout status r-9 --wait"));
  EXPECT_THAT(ran.out, HasSubstr("would be made: reload of web"));
  ran = Run("reload web --dry-run --supersede");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("it would be ended (superseded)"));
  EXPECT_THAT(Run("reload web --dry-run -o json").out,
              HasSubstr("\"under_way\": {"));
}

TEST_F(RolloutCommandsTest, ApplyBesideAnotherIsRefusedBeforeAnythingIsAsked) {
  TempFolder folder;
  const std::string path =
      folder.Write("fleet.yaml", "apps:\n- {name: web, script: a.js}\n");
  v1::ApplyResult& result = *fake_.applied.add_results();
  result = FromText<v1::ApplyResult>(
      "app: 'web' change: APPLY_CHANGE_UPDATED revision: 5 differences: "
      "'host host-2: removed'");
  *result.mutable_plan() = FromText<v1::Rollout>(kPlanBesideAnother);
  const Ran dry = Run({"apply", path, "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("under way: rollout r-9"));
  const Ran ran = Run({"apply", path});
  EXPECT_EQ(ran.code, 8);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("rollout r-9 of web has not ended: rolling"));
  EXPECT_THAT(ran.err, HasSubstr("; wait for it, abort it, or supersede it"));
  EXPECT_THAT(ran.err, Not(HasSubstr("for good")));
  result.mutable_plan()->mutable_under_way()->add_holds()->set_kind(
      v1::HOLD_KIND_MANUAL_GATE);
  EXPECT_THAT(Run({"apply", path}).err, HasSubstr("; promote it, abort it"));
}

TEST_F(RolloutCommandsTest, ALostStreamIsTakenUpAfterTheLastEvent) {
  fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 1),
                            Watched("phase: ROLLOUT_PHASE_ROLLING", 2)},
                           absl::UnavailableError("restarting"),
                           false});
  fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 2),
                            Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 3)},
                           absl::OkStatus(),
                           false});
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(fake_.WatchedFrom(), ElementsAre(0, 2));
  EXPECT_EQ(ran.err.find("event 2"), ran.err.rfind("event 2"));
  EXPECT_THAT(ran.err, HasSubstr("event 3"));
}

TEST_F(RolloutCommandsTest, DryRunOfWhatIsBeingAppliedSaysSo) {
  TempFolder folder;
  const std::string path =
      folder.Write("fleet.yaml", "apps:\n- {name: web, script: a.js}\n");
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'web' change: APPLY_CHANGE_UNCHANGED revision: 5 "
      "rollout_uid: 'r-9' }");
  EXPECT_EQ(Run({"apply", path, "--dry-run"}).out,
            "web: unchanged\nweb: rollout r-9 is under way and would be "
            "followed\n");
}

TEST_F(RolloutCommandsTest, ALostStreamIsSpokenOfInEveryForm) {
  const auto away = [this] {
    fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 1)},
                             absl::UnavailableError("restarting"),
                             false});
    fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 2)},
                             absl::OkStatus(),
                             false});
  };
  away();
  Ran ran = Run("reload web -o json");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("r-1: lost the controller, trying again"));
  EXPECT_THAT(ran.err, HasSubstr("r-1: the controller is back"));
  EXPECT_THAT(ran.out, Not(HasSubstr("lost")));
  away();
  terminal_ = [] { return TerminalSize{80, 24}; };
  ran = Run("reload web");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("the controller is away; the rollout goes"));
}

TEST_F(RolloutCommandsTest,
       AControllerThatStaysAwayIsSevenAndTheRolloutGoesOn) {
  clock_.speed = 10000;
  fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 1)},
                           absl::UnavailableError("gone"),
                           false});
  fake_.watches.push_back({{}, absl::UnavailableError("gone"), false});
  fake_.watches.push_back({{}, absl::UnavailableError("gone"), false});
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, HasSubstr("did not come back"));
  EXPECT_THAT(ran.err, HasSubstr("goes on without this command"));
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout status r-1 --wait"));
}

TEST_F(RolloutCommandsTest, NoWaitReturnsAtOnce) {
  const Ran ran = Run("reload web --no-wait");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout status r-1 --wait"));
}

TEST_F(RolloutCommandsTest, PatternsNameTheAppsThereAre) {
  Succeeds();
  EXPECT_EQ(Run("reload w*").code, 0);
  EXPECT_EQ(Run("reload x*").code, 1);
  EXPECT_THAT(fake_.Requests(),
              Contains(HasSubstr("CreateRollout {app: \"web\"")));
}

TEST_F(RolloutCommandsTest, OrdersGoOnFromWhereTheRolloutStood) {
  fake_.rollout.set_last_seq(5);
  fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 6)},
                           absl::OkStatus(),
                           false});
  EXPECT_EQ(Run("rollout retry r-1").code, 0);
  EXPECT_THAT(fake_.WatchedFrom(), ElementsAre(5));
}

TEST_F(RolloutCommandsTest, AnUndoHasSucceededWhenTheRolloutIsRolledBack) {
  const std::string back =
      "phase: ROLLOUT_PHASE_ROLLED_BACK "
      "rollback_revision: 3 end_time { seconds: 9 } ";
  fake_.watches.push_back({{Watched(back, 6)}, absl::OkStatus(), false});
  Ran ran = Run("rollout undo r-1");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("reload of web was rolled back to revision "
                                 "3"));
  fake_.watches.push_back(
      {{Watched(back + "failed: true", 6)}, absl::OkStatus(), false});
  ran = Run("reload web");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("failed and was rolled back to revision 3"));
  EXPECT_THAT(ran.err, HasSubstr("fleetctl logs web --err"));
}

TEST_F(RolloutCommandsTest, AnUndoThatIsOnlyTriedChangesAndFollowsNothing) {
  fake_.rollout = FromText<v1::Rollout>(
      "uid: 'r-1' app: 'web' kind: ROLLOUT_KIND_DEPLOY to_revision: 4 "
      "rollback_revision: 3 steps { host: 'a' phase: "
      "HOST_STEP_PHASE_REVERTING reason: 'is DONE' }");
  Ran ran = Run("rollout undo r-1 --dry-run");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("would be turned back: deploy of web"));
  // Of one that has ended another one is the undo.
  fake_.rollout = FromText<v1::Rollout>(kPlanBesideAnother);
  ran = Run("rollout undo web --dry-run --supersede");
  EXPECT_THAT(ran.out, HasSubstr("would be made: reload of web"));
  EXPECT_THAT(
      fake_.Requests(),
      ElementsAre("UndoRollout {name: \"r-1\" policy { } validate_only: true}",
                  "UndoRollout {name: \"web\" policy { } supersede: true "
                  "validate_only: true}"));
  EXPECT_THAT(fake_.WatchedFrom(), ElementsAre());
}

TEST_F(RolloutCommandsTest, OrdersThatAreNotFollowedSayWhatToTypeNext) {
  EXPECT_THAT(Run("rollout abort r-1").err,
              HasSubstr("\n  fleetctl rollout status r-1 --wait    follows"));
  fake_.rollout.add_holds()->set_kind(v1::HOLD_KIND_USER);
  EXPECT_THAT(Run("rollout pause r-1").err,
              HasSubstr("\n  fleetctl rollout resume r-1    goes on"));
  EXPECT_EQ(Run("rollout pause r-1 -o json").err, "");
}

TEST_F(RolloutCommandsTest, ForProgramsEachLineOfTheOutputIsAnObject) {
  Succeeds();
  TempFolder folder;
  const std::string path =
      folder.Write("fleet.yaml", "apps:\n- {name: web, script: a.js}\n");
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'web' change: APPLY_CHANGE_UPDATED rollout_uid: 'r-1' }");
  for (const Ran& ran : {Run({"apply", path, "-o", "json"}),
                         Run("reload web --no-wait -o json")}) {
    EXPECT_EQ(ran.code, 0);
    EXPECT_NE(ran.out, "");
    for (const auto line : absl::StrSplit(ran.out, '\n', absl::SkipEmpty())) {
      EXPECT_TRUE(line.front() == '{' && line.back() == '}') << line;
    }
  }
}

TEST_F(RolloutCommandsTest, WhatWaitsForAPersonSaysWhatToType) {
  const auto waits = Watched(
      "phase: ROLLOUT_PHASE_ROLLING holds { kind: HOLD_KIND_MANUAL_GATE "
      "reason: 'wave 1 of 2 is well; it waits to be promoted' }",
      1);
  const std::string what = "fleetctl rollout promote r-1    lets the next wave";
  fake_.watches.push_back(
      {{waits, waits, Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 2)},
       absl::OkStatus(),
       false});
  const Ran ran = Run("reload web");
  EXPECT_THAT(ran.err, HasSubstr(what));
  EXPECT_EQ(ran.err.find(what), ran.err.rfind(what));
  fake_.rollout = waits.rollout();
  EXPECT_THAT(Run("rollout status r-1").out, HasSubstr(what));
  fake_.rollout.mutable_holds(0)->set_kind(v1::HOLD_KIND_USER);
  EXPECT_THAT(Run("rollout promote r-1 --no-wait").err,
              HasSubstr("is promoted (and stays paused: wave 1 of 2"));
}

TEST_F(RolloutCommandsTest, StatusOfAFailureSaysWhatServes) {
  for (const char* phase :
       {"ROLLOUT_PHASE_ROLLED_BACK", "ROLLOUT_PHASE_ROLLBACK_FAILED"}) {
    fake_.rollout = FromText<v1::Rollout>(
        std::string("uid: 'r-1' app: 'web' failed: true phase: ") + phase);
    EXPECT_THAT(Run("rollout status r-1").out,
                HasSubstr("what serves now:\n  host-1: 1/1 ready"));
  }
}

TEST_F(RolloutCommandsTest, RolloutOrdersNameTheRollout) {
  EXPECT_EQ(Run("rollout pause r-1 --reason lunch").code, 0);
  EXPECT_EQ(Run("rollout abort web").code, 0);
  Succeeds();
  EXPECT_EQ(Run("rollout retry r-1").code, 0);
  EXPECT_EQ(Run("rollout resume r-1 --no-wait").code, 0);
  EXPECT_EQ(Run("rollout status r-1").code, 0);
  EXPECT_EQ(Run("rollout status").code, 1);
  EXPECT_EQ(Run("rollout ls --active").code, 0);
  EXPECT_THAT(
      fake_.Requests(),
      ElementsAre("PauseRollout {name: \"r-1\" reason: \"lunch\"}",
                  "AbortRollout {name: \"web\"}",
                  "RetryRollout {name: \"r-1\"}",
                  "ResumeRollout {name: \"r-1\"}", "GetRollout {name: \"r-1\"}",
                  "ListRollouts {active_only: true}",
                  "ListRollouts {active_only: true}"));
}

}  // namespace
}  // namespace fleet::cli
