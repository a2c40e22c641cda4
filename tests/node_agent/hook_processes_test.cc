// Hooks as real processes, with a keeper in the test itself.
#include "node_agent/hook_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "node_agent/hook_tag.h"
#include "tests/node_agent/worker_bench.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Ends : public HookRuntime::Listener {
 public:
  void OnHookEnded(const HookKey& key, HookEnd end) override {
    ++count;
    ends[key.id] = std::move(end);
  }
  int count = 0;
  std::map<std::string, HookEnd> ends;
};

class HookProcessesTest : public testing::Test {
 protected:
  HookProcessesTest() { bench_.runtime->hooks().SetHookListener(&ends_); }

  HookOrder Order(const std::string& command,
                  absl::Duration timeout = absl::Seconds(20)) {
    HookOrder order;
    order.id = "r-1.pre_reload.3";
    order.name = "pre_reload";
    order.hook = {command, timeout};
    order.generation = 3;
    order.revision = 2;
    order.rollout = "r-1";
    order.spec = std::make_shared<AppSpec>(spec_);
    return order;
  }
  const HookEnd& Run(const HookOrder& order) {
    bench_.runtime->hooks().RunHook({"web-uid", order.id}, order);
    return Await(order.id);
  }
  const HookEnd& Await(const std::string& id) {
    EXPECT_TRUE(bench_.Until([&] { return ends_.ends.contains(id); }));
    return ends_.ends[id];
  }
  // Nothing of any hook is left, in the keeper either.
  bool AllGone() {
    return bench_.Until([this] {
      return bench_.keeper.processes() == 0 &&
             bench_.keeper.CountHeld("log/") == 0;
    });
  }
  std::string Read(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(absl::StrCat(bench_.folder, "/", name)).rdbuf();
    return text.str();
  }
  // The agent is killed, and another comes.
  void RestartAgent() {
    bench_.Restart();
    bench_.runtime->hooks().SetHookListener(&ends_);
  }

  WorkerBench bench_;
  Ends ends_;
  AppSpec spec_ = bench_.Spec("web", "web.sh");
};

TEST_F(HookProcessesTest, RunsUnderTheShellWithTheAppsEnvironment) {
  spec_.env = {{"STAGE", "blue"}, {"PORT_BASE", "4000"}};
  spec_.increment_var = "PORT_BASE";
  const HookEnd& end =
      Run(Order("echo $PWD $STAGE $PORT_BASE; echo $FLEET_HOOK "
                "$FLEET_REVISION $FLEET_ROLLOUT $FLEET_GENERATION $FLEET_APP "
                "${FLEET_INSTANCE-none} ${NODE_APP_INSTANCE-none} >&2"));
  EXPECT_TRUE(end.success);
  EXPECT_THAT(end.reason, HasSubstr("exit code 0 after "));
  EXPECT_THAT(end.output, ElementsAre(bench_.folder + " blue 4000",
                                      "pre_reload 2 r-1 3 web none none"));
  EXPECT_TRUE(AllGone());
}

TEST_F(HookProcessesTest, FailureSaysHowItEndedAndItsLastLines) {
  const HookEnd& end =
      Run(Order("for i in $(seq 80); do echo line $i; done; exit 3"));
  EXPECT_FALSE(end.success);
  EXPECT_THAT(end.reason, HasSubstr("exit code 3 after "));
  ASSERT_EQ(end.output.size(), static_cast<size_t>(kMaxHookLines));
  EXPECT_EQ(end.output.back(), "line 80");
}

TEST_F(HookProcessesTest, LinesAreCut) {
  const HookEnd& end = Run(Order("printf '%900s\\n' x"));
  ASSERT_EQ(end.output.size(), 1u);
  EXPECT_EQ(end.output[0].size(), kMaxHookLine);
}

TEST_F(HookProcessesTest, TimeoutKillsTheWholeTree) {
  const HookEnd& end = Run(Order("sleep 600 & wait", absl::Milliseconds(300)));
  EXPECT_FALSE(end.success);
  EXPECT_EQ(end.reason, "not ended within 300ms, killed");
  EXPECT_TRUE(AllGone());
}

TEST_F(HookProcessesTest, WhatCannotBeStartedIsAnEnd) {
  spec_.cwd = bench_.folder + "/nowhere";
  const HookEnd& end = Run(Order("true"));
  EXPECT_FALSE(end.success);
  EXPECT_THAT(end.reason, HasSubstr("nowhere"));
}

TEST_F(HookProcessesTest, OutlivesItsAgentAndRunsOnce) {
  HookOrder order = Order(
      "echo run >>runs; echo before; while [ ! -e go ]; do sleep 0.02; done; "
      "echo after; exit 4");
  bench_.runtime->hooks().RunHook({"web-uid", order.id}, order);
  ASSERT_TRUE(bench_.Until([this] { return Read("runs") == "run\n"; }));
  RestartAgent();
  EXPECT_THAT(bench_.runtime->hooks().AdoptedHooks(),
              ElementsAre(HookKey{"web-uid", order.id}));
  bench_.Write("go", "");
  const HookEnd& end = Await(order.id);
  EXPECT_THAT(end.reason, HasSubstr("exit code 4 after "));
  EXPECT_EQ(end.output.back(), "after");
  EXPECT_TRUE(AllGone());
  EXPECT_EQ(Read("runs"), "run\n");
  EXPECT_EQ(ends_.count, 1);
}

TEST_F(HookProcessesTest, EndThatNoAgentSawIsToldToTheNextOne) {
  HookOrder order = Order("echo done; exit 5");
  bench_.runtime->hooks().SetHookListener(nullptr);
  bench_.runtime->hooks().RunHook({"web-uid", order.id}, order);
  // Its keeper is not told that anybody knows.
  bench_.keeper.Freeze(true);
  ASSERT_TRUE(bench_.Until([this] {
    const Inventory inventory = bench_.keeper.TakeInventory();
    return inventory.processes.size() == 1 && inventory.processes[0].ended;
  }));
  RestartAgent();
  const HookEnd& end = Await(order.id);
  EXPECT_THAT(end.reason, HasSubstr("exit code 5 after "));
  EXPECT_TRUE(AllGone());
}

TEST_F(HookProcessesTest, TimeoutGoesOnAfterARestart) {
  HookOrder order = Order("sleep 600", absl::Milliseconds(400));
  bench_.runtime->hooks().RunHook({"web-uid", order.id}, order);
  ASSERT_TRUE(bench_.Until(
      [this] { return bench_.keeper.TakeInventory().processes.size() == 1; }));
  RestartAgent();
  EXPECT_EQ(Await(order.id).reason, "not ended within 400ms, killed");
}

TEST(HookTagTest, IsReadBackAndKnowsItsOwn) {
  const HookTag tag{{"uid", "r-1.pre_reload.3"},
                    "web",
                    absl::FromUnixMicros(1234567),
                    absl::Minutes(10)};
  std::optional<HookTag> back = DecodeHookTag(EncodeHookTag(tag));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->key, tag.key);
  EXPECT_EQ(back->app, "web");
  EXPECT_EQ(back->start_time, tag.start_time);
  EXPECT_EQ(back->timeout, tag.timeout);
  EXPECT_FALSE(DecodeHookTag("command").has_value());
  EXPECT_FALSE(DecodeHookTag("w1\tuid\tweb\t0\t1\t1\t5\t0").has_value());
}

}  // namespace
}  // namespace fleet::agent
