// What workers write is found again, from every host.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <sstream>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

int Count(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size())) {
    ++n;
  }
  return n;
}

// A worker that counts on stdout for ever, a line a millisecond or so.
constexpr char kCounter[] =
    "import sys, time\n"
    "n = 0\n"
    "while True:\n"
    "    print('line', n, flush=True)\n"
    "    n += 1\n"
    "    time.sleep(0.001)\n";

TEST(Logs, MergeTheLastLinesOfAllHosts) {
  TestFleet fleet({.hosts = 2});
  std::string script = fleet.WriteApp(
      "hello.py",
      "import sys, time\nprint('to out', flush=True)\n"
      "print('to err', file=sys.stderr, flush=True)\ntime.sleep(1000)\n");
  fleet.MustCtl({"start", script, "--name", "hello"});
  EXPECT_TRUE(fleet.Eventually([&] {
    std::string out = fleet.Ctl({"logs", "hello"}).out;
    return Count(out, "to out") == 2 && Count(out, "to err") == 2 &&
           Count(out, "host-1") >= 2 && Count(out, "host-2") >= 2;
  })) << fleet.Ctl({"logs", "hello"}).out;
  EXPECT_EQ(Count(fleet.MustCtl({"logs", "hello", "--err"}), "to out"), 0);
  EXPECT_EQ(
      Count(fleet.MustCtl({"logs", "hello", "--hosts", "host-1"}), "to out"),
      1);
}

TEST(Logs, NoLineIsLostOrTornWhenTheAgentIsKilled) {
  TestFleet fleet;
  std::string script = fleet.WriteApp("counter.py", kCounter);
  std::string log = fleet.dir() + "/counter.log";
  std::string file = fleet.WriteApp(
      "fleet.yaml", "apps:\n  - name: counter\n    script: " + script +
                        "\n    out_file: " + log + "\n    log_max_size: 1G\n");
  fleet.MustCtl({"apply", file});
  pid_t worker = fleet.Pids("counter", "host-1").at(0);
  for (int kill = 0; kill < 5; ++kill) {
    size_t before = ReadFile(log).size();
    ASSERT_TRUE(
        fleet.Eventually([&] { return ReadFile(log).size() > before + 500; }));
    pid_t agent = fleet.AgentPid(1);
    ASSERT_GT(agent, 0);
    ::kill(agent, SIGKILL);
    ASSERT_TRUE(WaitGone(agent, kPatience));
  }
  size_t before = ReadFile(log).size();
  ASSERT_TRUE(
      fleet.Eventually([&] { return ReadFile(log).size() > before + 500; }));
  EXPECT_TRUE(IsAlive(worker));

  std::istringstream lines(ReadFile(log));
  std::string line;
  int expected = 0;
  while (std::getline(lines, line) && !lines.eof()) {
    ASSERT_EQ(line, "line " + std::to_string(expected));
    ++expected;
  }
  EXPECT_GT(expected, 100);
}

TEST(Logs, FollowShowsWhatIsWrittenFromThenOn) {
  TestFleet fleet;
  std::string script = fleet.WriteApp("counter.py", kCounter);
  fleet.MustCtl({"start", script, "--name", "counter"});
  auto follow =
      fleet.StartCtl({"logs", "counter", "-f", "--lines", "1"}, "follow");
  EXPECT_TRUE(fleet.Eventually([&] {
    return Count(ReadFile(fleet.dir() + "/follow.out"), "line ") > 100;
  }));
  follow->Signal(SIGINT);
  EXPECT_TRUE(follow->Wait(kPatience).has_value());
}

}  // namespace
}  // namespace fleet::e2e
