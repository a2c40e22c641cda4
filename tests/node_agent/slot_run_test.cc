#include "node_agent/slot_run.h"

#include <gtest/gtest.h>

#include "node_agent/app_events.h"
#include "node_agent/app_restore.h"

namespace fleet::agent {
namespace {

AppState App() {
  AppState app;
  app.target.start_nonce = 3;
  return app;
}

Slot Crashed() {
  Slot slot;
  slot.phase = SlotPhase::kCrashLoop;
  slot.last_failure = FailureKind::kUnhealthy;
  slot.restart.unstable_exits = 16;
  slot.restart.restarts = 40;
  slot.restart.series_delay = absl::Milliseconds(150);
  slot.next_start = absl::FromUnixMicros(1234567);
  slot.last_uptime = absl::Milliseconds(12);
  slot.counted = {7, 9};
  slot.last_exit = "exit code 1\tafter a tab";
  slot.last_stderr = {"first", "second\twith a tab", "\x01 no text"};
  return slot;
}

TEST(SlotRunTest, IsReadBack) {
  AppState app = App();
  Slot slot = Crashed();
  Slot back;
  RestoreSlotRun(app, EncodeSlotRun(app, slot), back);
  EXPECT_EQ(MarkOf(back), MarkOf(slot));
  EXPECT_EQ(back.restart.series_delay, slot.restart.series_delay);
  EXPECT_EQ(back.next_start, slot.next_start);
  EXPECT_EQ(back.last_uptime, slot.last_uptime);
  EXPECT_EQ(back.counted, slot.counted);
  EXPECT_EQ(back.last_exit, slot.last_exit);
  EXPECT_EQ(back.last_stderr, slot.last_stderr);
}

TEST(SlotRunTest, OfASlotThatNothingHappenedToIsTheDefault) {
  Slot slot;
  EXPECT_EQ(MarkOf(slot), SlotRunMark());
  Slot back;
  RestoreSlotRun(App(), EncodeSlotRun(App(), slot), back);
  EXPECT_EQ(MarkOf(back), SlotRunMark());
  EXPECT_LE(back.next_start, absl::FromUnixSeconds(0));
}

TEST(SlotRunTest, AStartThatWasAskedForMeanwhileIsANewChance) {
  AppState app = App();
  std::string text = EncodeSlotRun(app, Crashed());
  app.target.start_nonce = 4;
  Slot back;
  RestoreSlotRun(app, text, back);
  EXPECT_EQ(back.phase, SlotPhase::kRunning);
  EXPECT_EQ(back.restart.unstable_exits, 0);
  EXPECT_EQ(back.restart.restarts, 40);
  EXPECT_EQ(back.last_exit, Crashed().last_exit);
}

TEST(SlotRunTest, IsBoundedWhateverAWorkerWrites) {
  Slot slot = Crashed();
  slot.last_exit.assign(100000, '\x01');
  slot.last_stderr.assign(20, std::string(100000, '\xff'));
  EXPECT_LT(EncodeSlotRun(App(), slot).size(), 8192u);
}

TEST(SlotRunTest, GarbageIsLeftOut) {
  std::string good = EncodeSlotRun(App(), Crashed());
  std::string phase = good;
  phase.replace(phase.find("\t3\t2\t"), 5, "\t3\t9\t");
  for (const std::string& text :
       {std::string(), std::string("r1"), std::string("r9") + good.substr(2),
        phase, good + "\tmore", good.substr(0, good.size() / 2)}) {
    Slot back;
    RestoreSlotRun(App(), text, back);
    EXPECT_EQ(MarkOf(back), SlotRunMark()) << text;
  }
}

// The keeper tells an end again when the agent died before it had said that it
// knows of it.
TEST(SlotRunTest, AnEndThatIsInTheCountIsNotCountedAgain) {
  SavedApp saved;
  AppTarget target;
  target.app = "web";
  target.generation = 1;
  auto spec = std::make_shared<AppSpec>();
  spec->name = "web";
  target.spec = spec;
  saved.targets = {target};
  saved.slots = {{0, 1}};
  Slot slot;
  slot.phase = SlotPhase::kBackoff;
  slot.restart.restarts = 5;
  slot.counted = {7};
  AppState before;
  saved.runs = {{0, EncodeSlotRun(before, slot)}, {9, "of no slot"}};
  for (WorkerId id : {7, 8}) {
    AppState app = RestoreApp(saved);
    ASSERT_EQ(app.slots.size(), 1u);
    AdoptedWorker worker;
    worker.identity.id = id;
    worker.identity.generation = 1;
    AdoptWorker(app, worker, absl::FromUnixSeconds(10),
                absl::FromUnixSeconds(100));
    WorkerExited(app, id, {WorkerExit::Kind::kExited, 1, "exit code 1"}, {},
                 absl::FromUnixSeconds(101));
    EXPECT_EQ(app.slots.at(0).restart.restarts, id == 7 ? 5 : 6);
  }
}

}  // namespace
}  // namespace fleet::agent
