#include "cli/rollout/rollout_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/rollout/rollout_board.h"
#include "cli/rollout/rollout_journal.h"
#include "cli/rollout/rollout_words.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const absl::Time kReportNow = absl::FromUnixSeconds(1700000000);

// Twelve seconds in: one host done, one that failed, one not yet begun.
const char kRollout[] = R"pb(
  uid: "r-4f2k9x1c"
  app: "web"
  kind: ROLLOUT_KIND_DEPLOY
  from_revision: 3
  to_revision: 4
  phase: ROLLOUT_PHASE_ROLLING
  policy { max_parallel: "1" }
  create_time { seconds: 1699999988 }
  hosts_total: 3
  steps {
    host: "host-1"
    phase: HOST_STEP_PHASE_DONE
    admit_time { seconds: 1699999988 }
    end_time { seconds: 1699999992 }
    progress { slots_done: 4 slots_total: 4 slot: -1 }
  }
  steps {
    host: "host-2"
    phase: HOST_STEP_PHASE_FAILED
    admit_time { seconds: 1699999992 }
    end_time { seconds: 1699999999 }
    progress {
      phase: STEP_PHASE_FAILED
      slots_done: 1
      slots_total: 4
      slot: 2
      failure: FAILURE_KIND_EXIT
      reason: "web.2 ended before it was available: exit code 1 after 120ms"
      stderr_tail: "Error: Cannot find module 'pg'"
    }
  }
  steps { host: "host-3" phase: HOST_STEP_PHASE_PENDING }
)pb";

v1::Rollout Failed() {
  auto rollout = FromText<v1::Rollout>(kRollout);
  auto* hold = rollout.add_holds();
  hold->set_kind(v1::HOLD_KIND_FAILURE);
  hold->set_reason("1 host failed, 0 may");
  hold->mutable_since()->set_seconds(1699999999);
  return rollout;
}

TEST(RolloutBoard, ShowsALinePerHost) {
  EXPECT_THAT(
      RolloutBoard(Failed(), {.width = 90, .height = 24}, kReportNow, {}),
      ElementsAre(
          "deploy of web to revision 4 on 3 hosts, 1 at a time  r-4f2k9x1c",
          "  host-1  ██████████  done         4/4    4.0s",
          "  host-2  ██░░░░░░░░  failed       1/4    7.0s  web.2 ended before "
          "it was available: exit…",
          "  host-3  ░░░░░░░░░░  pending",
          "  paused by a failure  1 of 3 hosts done, 1 failed, 1 waiting  "
          "12s"));
}

TEST(RolloutBoard, NeverLeavesTheTerminal) {
  v1::Rollout rollout = Failed();
  for (int i = 4; i <= 200; ++i) {
    auto* step = rollout.add_steps();
    step->set_host(absl::StrCat("host-", i));
    step->set_phase(i == 100 ? v1::HOST_STEP_PHASE_APPLYING
                             : v1::HOST_STEP_PHASE_PENDING);
  }
  for (const size_t height : {0U, 1U, 3U, 4U, 10U, 24U, 500U}) {
    const auto lines =
        RolloutBoard(rollout, {.width = 40, .height = height}, kReportNow, {});
    EXPECT_LE(lines.size(), std::max<size_t>(height, 3) - 1);
    for (const std::string& line : lines) {
      EXPECT_LE(DisplayWidth(line), 40U) << line;
    }
  }
  // Those in work and those that failed come first.
  const auto lines =
      RolloutBoard(rollout, {.width = 100, .height = 8}, kReportNow, {});
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_THAT(lines[1], HasSubstr("host-2 "));
  EXPECT_THAT(lines[2], HasSubstr("host-100"));
  EXPECT_THAT(lines[5], HasSubstr("… and 196 more hosts"));
}

TEST(ProgressBar, FillsUp) {
  EXPECT_EQ(ProgressBar(0, 0, 4), "░░░░");
  EXPECT_EQ(ProgressBar(1, 2, 4), "██░░");
  EXPECT_EQ(ProgressBar(9, 2, 4), "████");
}

TEST(RolloutReport, FailureSaysWhatWhyWhatServesAndWhatHelps) {
  const auto app = FromText<v1::App>(R"pb(
    name: "web"
    hosts {
      host: "host-1"
      connected: true
      status {
        desired_instances: 1
        instances { slot: 0 pid: 1 revision: 4 ready: true }
        instances { slot: 0 pid: 2 revision: 5 }
      }
    }
    hosts {
      host: "host-2"
      observe_time { seconds: 1699999990 }
      status {
        desired_instances: 1
        instances { slot: 0 pid: 1 revision: 3 ready: true }
      }
    })pb");
  EXPECT_EQ(
      RolloutReport(Failed(), Verdict::kFailed, &app, kReportNow, {}),
      "deploy of web failed; it is paused (rollout r-4f2k9x1c): 1 of 3 hosts "
      "done, 1 failed, 1 waiting, after 12s\n"
      "  web.2 on host-2 ended before it was available: exit code 1 after "
      "120ms\n"
      "    1 of 4 instances there are new, the others as before\n"
      "    its last lines on stderr:\n"
      "      | Error: Cannot find module 'pg'\n"
      "what serves now:\n"
      "  host-1: 1/1 ready, revision 4\n"
      "  host-2: 1/1 ready, revision 3 (not connected, as it said 10s ago)\n"
      "what helps:\n"
      "  fleetctl logs web.2 --hosts host-2 --err\n"
      "  fleetctl rollout diff r-4f2k9x1c       what it changes\n"
      "  fleetctl rollout retry r-4f2k9x1c      try what failed again\n"
      "  fleetctl rollout resume r-4f2k9x1c     go on with the other hosts\n"
      "  fleetctl apply FILE --supersede        once the file is mended\n"
      "  fleetctl rollout abort r-4f2k9x1c      end it; hosts stay as they "
      "are\n");
}

// The host has said nothing of it, or that all is well.
TEST(RolloutReport, OfAHostThatIsLostOrGotWorseTheControllersReasonIsTold) {
  v1::Rollout rollout = Failed();
  rollout.mutable_steps(2)->set_phase(v1::HOST_STEP_PHASE_DONE);
  v1::HostStep& step = *rollout.mutable_steps(1);
  step.set_reason("host-2 has been out of reach for 2m");
  step.mutable_progress()->set_phase(v1::STEP_PHASE_APPLYING);
  step.mutable_progress()->set_reason("web.2 is ready, must stay so");
  std::string text =
      RolloutReport(rollout, Verdict::kFailed, nullptr, kReportNow, {});
  EXPECT_THAT(text, HasSubstr("\n  host-2 has been out of reach for 2m\n"));
  EXPECT_THAT(text, Not(HasSubstr("must stay so")));
  EXPECT_THAT(text, HasSubstr("fleetctl hosts host-2"));
  EXPECT_THAT(text, HasSubstr("fleetctl rollout retry"));
  // No other host is left to go on with.
  EXPECT_THAT(text, Not(HasSubstr("fleetctl rollout resume")));

  step.set_reason("web.2@host-2 got worse after its step: 1 restart");
  step.mutable_progress()->set_phase(v1::STEP_PHASE_DONE);
  text = RolloutReport(rollout, Verdict::kFailed, nullptr, kReportNow, {});
  EXPECT_THAT(text, HasSubstr("\n  web.2@host-2 got worse after its step: 1 "
                              "restart\n"));
  EXPECT_THAT(text, Not(HasSubstr("fleetctl hosts host-2")));
}

TEST(RolloutReport, AnAbortThatLeftSomethingBehindSaysTheWayBack) {
  v1::Rollout rollout = Failed();
  rollout.set_phase(v1::ROLLOUT_PHASE_ABORTED);
  rollout.mutable_end_time()->set_seconds(1699999999);
  rollout.set_rollback_revision(3);
  auto app = FromText<v1::App>(R"pb(
    name: "web"
    hosts {
      host: "host-1"
      connected: true
      status { instances { pid: 1 revision: 4 ready: true } }
    })pb");
  const std::string back = "fleetctl rollback web --to-revision 3";
  EXPECT_THAT(RolloutReport(rollout, Verdict::kFailed, &app, kReportNow, {}),
              HasSubstr(back));
  app.mutable_hosts(0)->mutable_status()->mutable_instances(0)->set_revision(3);
  EXPECT_THAT(RolloutReport(rollout, Verdict::kFailed, &app, kReportNow, {}),
              Not(HasSubstr(back)));
}

TEST(RolloutReport, OneThatWasSupersededNamesItsSuccessor) {
  v1::Rollout rollout = Failed();
  rollout.set_phase(v1::ROLLOUT_PHASE_SUPERSEDED);
  rollout.mutable_end_time()->set_seconds(1699999999);
  rollout.set_message("superseded by r-2");
  const std::string text =
      RolloutReport(rollout, Verdict::kSuperseded, nullptr, kReportNow, {});
  EXPECT_THAT(text, HasSubstr("fleetctl rollout status r-2\n"));
  EXPECT_THAT(text, Not(HasSubstr("try again")));
}

TEST(RolloutReport, AWantedEndNeedsNoHelp) {
  v1::Rollout rollout = Failed();
  rollout.set_phase(v1::ROLLOUT_PHASE_ROLLED_BACK);
  rollout.set_rollback_revision(3);
  rollout.mutable_end_time()->set_seconds(1699999999);
  const std::string text = RolloutReport(rollout, Verdict::kRolledBack, nullptr,
                                         kReportNow, {}, true);
  EXPECT_THAT(text, HasSubstr("was rolled back to revision 3 (rollout"));
  EXPECT_THAT(text, Not(HasSubstr("what helps")));
}

TEST(RolloutReport, NobodyIsSentToWhatIsNotThere) {
  v1::Rollout rollout = Failed();
  v1::Step& progress = *rollout.mutable_steps(1)->mutable_progress();
  progress.set_failure(v1::FAILURE_KIND_START);
  const auto report = [&rollout](Verdict verdict) {
    return RolloutReport(rollout, verdict, nullptr, kReportNow, {});
  };
  EXPECT_THAT(report(Verdict::kFailed), HasSubstr("fleetctl logs web.2"));
  progress.clear_stderr_tail();
  EXPECT_THAT(report(Verdict::kFailed), Not(HasSubstr("fleetctl logs")));

  rollout.set_phase(v1::ROLLOUT_PHASE_ABORTED);
  rollout.mutable_end_time()->set_seconds(1699999999);
  rollout.set_message("the app was deleted");
  EXPECT_THAT(report(Verdict::kAborted), Not(HasSubstr("what helps")));
}

TEST(RolloutReport, AHookSaysItsLinesOnce) {
  auto rollout = FromText<v1::Rollout>(R"pb(
    uid: "r-1"
    app: "web"
    kind: ROLLOUT_KIND_RELOAD
    holds {
      kind: HOLD_KIND_FAILURE
      reason: "pre_rollout failed on a: exit code 3; its last line: oops"
    }
    hooks {
      name: "pre_rollout"
      host: "a"
      phase: HOOK_PHASE_FAILED
      output: "oops"
    }
  )pb");
  std::string text =
      RolloutReport(rollout, Verdict::kFailed, nullptr, kReportNow, {});
  EXPECT_THAT(text, Not(HasSubstr("its last lines")));
  EXPECT_THAT(text, HasSubstr("go on without the hook"));
  rollout.mutable_hooks(0)->add_output("more");
  text = RolloutReport(rollout, Verdict::kFailed, nullptr, kReportNow, {});
  EXPECT_THAT(text, HasSubstr("its last lines:\n      | oops\n      | more"));
}

TEST(RolloutReport, ManyHostsArePutTogetherByWhatServes) {
  v1::App app;
  for (int i = 0; i < 100; ++i) {
    v1::HostApp& host = *app.add_hosts();
    host.set_host(absl::StrCat("host-", i));
    host.set_connected(true);
    host.mutable_status()->set_desired_instances(1);
    v1::Instance& instance = *host.mutable_status()->add_instances();
    instance.set_pid(1);
    instance.set_revision(i == 7 ? 4 : 3);
    instance.set_ready(true);
  }
  EXPECT_EQ(ServesNow(app, kReportNow),
            "  1/1 ready, revision 3: host-0, host-1, host-2, host-3, host-4 "
            "and 94 more\n"
            "  1/1 ready, revision 4: host-7\n");
}

TEST(RolloutReport, SuccessIsALineAndNamesWhatWasSkipped) {
  const auto rollout = FromText<v1::Rollout>(R"pb(
    uid: "r-1"
    app: "web"
    kind: ROLLOUT_KIND_RELOAD
    to_revision: 3
    phase: ROLLOUT_PHASE_SUCCEEDED
    create_time { seconds: 1699999988 }
    end_time { seconds: 1699999998 }
    steps { host: "a" phase: HOST_STEP_PHASE_DONE }
    steps { host: "b" phase: HOST_STEP_PHASE_SKIPPED reason: "removed" }
  )pb");
  EXPECT_EQ(
      RolloutReport(rollout, Verdict::kSucceeded, nullptr, kReportNow, {}),
      "reload of web succeeded: 1 of 2 hosts done, 1 skipped, revision "
      "3, in 10s\n  skipped b: removed\n");
}

TEST(RolloutReport, DetachingSaysHowToFollowAndHowToEnd) {
  const std::string text =
      DetachedReport(FromText<v1::Rollout>(kRollout), "interrupted");
  EXPECT_THAT(text, HasSubstr("interrupted: the deploy of web goes on"));
  EXPECT_THAT(text, HasSubstr("fleetctl rollout status r-4f2k9x1c --wait"));
  EXPECT_THAT(text, HasSubstr("fleetctl rollout abort r-4f2k9x1c"));
  auto waits = FromText<v1::Rollout>(kRollout);
  waits.add_holds()->set_kind(v1::HOLD_KIND_MANUAL_GATE);
  EXPECT_THAT(DetachedReport(waits, "--timeout has passed"),
              HasSubstr("\n  fleetctl rollout promote r-4f2k9x1c    lets"));
}

TEST(Verdict, FollowsPhaseHoldsAndTime) {
  auto rollout = FromText<v1::Rollout>(kRollout);
  EXPECT_EQ(VerdictOf(rollout, kReportNow), Verdict::kGoing);
  rollout.add_holds()->set_kind(v1::HOLD_KIND_USER);
  EXPECT_EQ(VerdictOf(rollout, kReportNow), Verdict::kGoing);
  EXPECT_EQ(VerdictOf(Failed(), kReportNow), Verdict::kFailed);

  v1::Rollout settling = Failed();
  settling.mutable_steps(2)->set_phase(v1::HOST_STEP_PHASE_VERIFYING);
  EXPECT_EQ(VerdictOf(settling, kReportNow), Verdict::kGoing);
  EXPECT_EQ(VerdictOf(settling, kReportNow + absl::Minutes(2)),
            Verdict::kFailed);

  rollout.set_phase(v1::ROLLOUT_PHASE_SUCCEEDED);
  EXPECT_EQ(VerdictOf(rollout, kReportNow), Verdict::kSucceeded);
  rollout.set_phase(v1::ROLLOUT_PHASE_SUPERSEDED);
  EXPECT_EQ(VerdictOf(rollout, kReportNow), Verdict::kSuperseded);
  rollout.set_phase(v1::ROLLOUT_PHASE_ABORTED);
  // A person has, whatever the policy says and however many hosts failed.
  rollout.set_failures(1);
  rollout.mutable_policy()->set_on_failure(v1::ON_FAILURE_ABORT);
  EXPECT_EQ(VerdictOf(rollout, kReportNow), Verdict::kAborted);
  rollout.set_failed(true);
  EXPECT_EQ(VerdictOf(rollout, kReportNow), Verdict::kFailed);
}

v1::WatchRolloutResponse Message(const std::string& events) {
  auto message = FromText<v1::WatchRolloutResponse>(events);
  *message.mutable_rollout() = FromText<v1::Rollout>(kRollout);
  return message;
}

TEST(RolloutJournal, AddsALinePerEventAndAHeartbeatWhenItIsQuiet) {
  RolloutJournal journal;
  EXPECT_FALSE(journal.Heartbeat(kReportNow, false).has_value());
  EXPECT_THAT(
      journal.Add(Message(R"pb(
                    events {
                      seq: 1
                      time { seconds: 1699999988 }
                      phase: ROLLOUT_PHASE_ROLLING
                    }
                    events {
                      seq: 2
                      time { seconds: 1699999989 }
                      host: "host-1"
                      host_phase: HOST_STEP_PHASE_APPLYING
                      message: "2 slots"
                    })pb"),
                  kReportNow),
      ElementsAre("[    0s] r-4f2k9x1c: deploy of web to revision 4 on 3 "
                  "hosts, 1 at a time",
                  "[    0s] r-4f2k9x1c: rolling",
                  "[  1.0s] r-4f2k9x1c: host-1: applying: 2 slots"));
  EXPECT_FALSE(
      journal.Heartbeat(kReportNow + absl::Seconds(9), false).has_value());
  EXPECT_EQ(journal.Heartbeat(kReportNow + absl::Seconds(10), false),
            "[   22s] r-4f2k9x1c: rolling, 1 of 3 hosts done, 1 failed, 1 "
            "waiting");
  EXPECT_FALSE(
      journal.Heartbeat(kReportNow + absl::Seconds(19), false).has_value());
  EXPECT_THAT(journal.Add(Message(R"pb(events {
                                         seq: 3
                                         time { seconds: 1699999999 }
                                         host: "host-2"
                                         actor: "ann"
                                         host_phase: HOST_STEP_PHASE_FAILED
                                       })pb"),
                          kReportNow + absl::Seconds(19)),
              ElementsAre("[   11s] r-4f2k9x1c: host-2: failed (by ann)"));
  EXPECT_FALSE(
      journal.Heartbeat(kReportNow + absl::Seconds(28), false).has_value());
  EXPECT_TRUE(
      journal.Heartbeat(kReportNow + absl::Seconds(29), false).has_value());
  // How it stands is not known then.
  EXPECT_EQ(journal.Heartbeat(kReportNow + absl::Seconds(39), true),
            "[   51s] r-4f2k9x1c: the controller is still away");
}

TEST(RolloutJournal, TellsWhatCannotBeSavedOnce) {
  RolloutJournal journal;
  auto message = Message("");
  message.mutable_rollout()->set_hosts_done(1);
  message.mutable_rollout()->set_hosts_total(3);
  journal.Add(message, kReportNow);
  message.mutable_rollout()->set_message("cannot be saved: disk full");
  EXPECT_THAT(journal.Add(message, kReportNow),
              ElementsAre("[   12s] r-4f2k9x1c: cannot be saved: disk full"));
  EXPECT_THAT(journal.Add(message, kReportNow), ElementsAre());
  EXPECT_THAT(RolloutBoard(message.rollout(), {.width = 120, .height = 24},
                           kReportNow, {})
                  .back(),
              HasSubstr("cannot be saved: disk full"));
  message.mutable_rollout()->set_message("1 of 3 hosts done");
  EXPECT_THAT(journal.Add(message, kReportNow), ElementsAre());
}

TEST(RolloutJournal, SaysNothingTwice) {
  RolloutJournal journal;
  const auto lines = journal.Add(
      Message(R"pb(
        events {
          time { seconds: 1699999989 }
          host: "host-2"
          host_phase: HOST_STEP_PHASE_FAILED
          message: "web.0@host-2 was not ready within 3s"
        }
        events {
          time { seconds: 1699999989 }
          phase: ROLLOUT_PHASE_ROLLING_BACK
          message: "rolling back to revision 3: 1 host failed: web.0@host-2 was not ready within 3s"
        }
        events {
          time { seconds: 1699999990 }
          phase: ROLLOUT_PHASE_SUPERSEDED
          message: "superseded by r-2"
        })pb"),
      kReportNow);
  EXPECT_THAT(lines,
              ElementsAre(HasSubstr("deploy of web to revision 4"),
                          "[  1.0s] r-4f2k9x1c: host-2: failed: web.0@host-2 "
                          "was not ready within 3s",
                          "[  1.0s] r-4f2k9x1c: rolling back to revision 3: 1 "
                          "host failed: host-2, as said above",
                          "[  2.0s] r-4f2k9x1c: superseded by r-2"));
}

TEST(RolloutWords, TheHoldThatAPersonDealsWithFirstIsTheOneThatIsNamed) {
  auto rollout = FromText<v1::Rollout>(kRollout);
  rollout.mutable_steps(1)->set_phase(v1::HOST_STEP_PHASE_PENDING);
  auto* hold = rollout.add_holds();
  hold->set_kind(v1::HOLD_KIND_MANUAL_GATE);
  hold->set_reason("wave 1 of 2 is well");
  hold = rollout.add_holds();
  hold->set_kind(v1::HOLD_KIND_USER);
  hold->set_reason("paused by ann");
  const auto lines =
      RolloutBoard(rollout, {.width = 90, .height = 24}, kReportNow, {});
  EXPECT_THAT(lines[4], HasSubstr("  paused  "));
  EXPECT_THAT(lines[4], HasSubstr("paused by ann"));
  EXPECT_THAT(RolloutBoard(rollout, {.width = 90, .height = 24}, kReportNow, {},
                           false)[4],
              Not(HasSubstr("by ann")));
  rollout.clear_holds();
  rollout.set_aborting(true);
  EXPECT_EQ(RolloutPhaseText(rollout).text, "aborting");
}

TEST(RolloutWords, WhatTheControllerSaysOfAHostHasNoInstanceBeforeIt) {
  auto rollout = FromText<v1::Rollout>(kRollout);
  v1::HostStep& step = *rollout.mutable_steps(1);
  step.set_phase(v1::HOST_STEP_PHASE_UNKNOWN);
  step.set_reason("out of reach; its agent goes on alone");
  step.mutable_progress()->set_phase(v1::STEP_PHASE_APPLYING);
  EXPECT_EQ(StepReason(rollout, step), step.reason());
}

TEST(RolloutJournal, SaysWhatTheHostsInWorkWaitFor) {
  RolloutJournal journal;
  v1::WatchRolloutResponse message = Message("");
  auto* step = message.mutable_rollout()->mutable_steps(2);
  step->set_phase(v1::HOST_STEP_PHASE_APPLYING);
  step->mutable_progress()->set_slots_total(4);
  step->mutable_progress()->set_slot(0);
  step->mutable_progress()->set_reason("HTTP 503 from /up");
  journal.Add(message, kReportNow);
  const auto line = journal.Heartbeat(kReportNow + absl::Seconds(10), false);
  ASSERT_TRUE(line.has_value());
  EXPECT_THAT(*line,
              HasSubstr("host-3 applying 0/4 (web.0: HTTP 503 from /up)"));
}

}  // namespace
}  // namespace fleet::cli
