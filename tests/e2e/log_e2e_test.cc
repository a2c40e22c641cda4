// What workers write is found again, from every host.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>

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
  fleet.MustCtl({"start", script, "--name", "hello", "--min-ready-time", "0"});
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
  fleet.MustCtl({"apply", file, "--min-ready-time", "0"});
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
  fleet.MustCtl(
      {"start", script, "--name", "counter", "--min-ready-time", "0"});
  auto follow =
      fleet.StartCtl({"logs", "counter", "-f", "--lines", "1"}, "follow");
  EXPECT_TRUE(fleet.Eventually([&] {
    return Count(ReadFile(fleet.dir() + "/follow.out"), "line ") > 100;
  }));
  follow->Signal(SIGINT);
  EXPECT_TRUE(follow->Wait(kPatience).has_value());
}

// 100 MB of numbered lines as fast as they are taken, then quiet.
constexpr char kFlood[] =
    "import os, time\n"
    "pad = b' ' + b'x' * 86 + b'\\n'\n"
    "n = 0\n"
    "while n < 1000000:\n"
    "    block = b''.join([b'%012d' % i + pad for i in range(n, n + 10000)])\n"
    "    while block: block = block[os.write(1, block):]\n"
    "    n += 10000\n"
    "os.write(2, b'all is written\\n')\n"
    "time.sleep(1000)\n";

int64_t BytesIn(const std::string& folder) {
  int64_t bytes = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder)) {
    std::error_code gone;
    const auto size = entry.file_size(gone);
    if (!gone && entry.is_regular_file()) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

// As fast as a worker can write, with rotation, compression and an agent that
// is killed on the way: the disk use is bounded, others are served meanwhile,
// and what is kept is whole lines without a gap.
TEST(Logs, AFastWriterFillsNoDiskStallsNobodyAndLosesNoLine) {
  TestFleet fleet;
  const std::string flood = fleet.WriteApp("flood.py", kFlood);
  const std::string quiet = fleet.WriteApp("counter.py", kCounter);
  const std::string file =
      fleet.WriteApp("fleet.yaml",
                     "apps:\n"
                     "  - {name: flood, script: " +
                         flood +
                         ", log_max_size: 8M, "
                         "log_max_files: 4, log_compress: true}\n"
                         "  - {name: quiet, script: " +
                         quiet + "}\n");
  fleet.MustCtl({"apply", file, "--min-ready-time", "0s"});
  const std::string folder = fleet.HostDir(1) + "/logs";
  const pid_t agent = fleet.AgentPid(1);
  kill(agent, SIGKILL);
  ASSERT_TRUE(WaitGone(agent, kPatience));
  int64_t most = 0;
  EXPECT_TRUE(fleet.Eventually([&] {
    most = std::max(most, BytesIn(folder));
    // It answers, and others' lines get through.
    const std::string lines = fleet.Ctl({"logs", "quiet", "-n", "1"}).out;
    return Count(lines, "line ") == 1 &&
           Count(fleet.Ctl({"logs", "flood", "--err"}).out, "all is written") ==
               1;
  }));
  // Five files, one being compressed, the marks, and what quiet writes.
  EXPECT_LT(most, 7 * (8 << 20));
  // All rotated files are compressed in the end, and much smaller. That is done
  // when nothing else is to do.
  EXPECT_TRUE(fleet.Eventually(
      [&] {
        for (int i = 1; i <= 4; ++i) {
          const std::string name =
              folder + "/flood/0-out.log." + std::to_string(i);
          if (!std::filesystem::exists(name + ".zst") ||
              std::filesystem::exists(name)) {
            return false;
          }
        }
        return true;
      },
      3 * kPatience));
  EXPECT_LT(BytesIn(folder + "/flood"), 8 * (2 << 20));

  const std::string kept =
      fleet.MustCtl({"logs", "flood", "--out", "--since", "1h", "--raw"});
  std::istringstream lines(kept);
  std::string line;
  int64_t first = -1;
  int64_t next = -1;
  while (std::getline(lines, line)) {
    ASSERT_EQ(line.size(), 99U) << line;
    const int64_t n = std::stoll(line.substr(0, 12));
    if (first < 0) first = next = n;
    ASSERT_EQ(n, next);
    ++next;
  }
  EXPECT_EQ(next, 1'000'000);
  EXPECT_GT(next - first, 4 * 80'000);  // Four full files and what is new.
  // A search in compressed files.
  const std::string wanted = std::to_string(1'000'000'000'000 + first + 7);
  EXPECT_EQ(Count(fleet.MustCtl({"logs", "flood", "--grep",
                                 "^0" + wanted.substr(2), "--raw"}),
                  "\n"),
            1);
}

TEST(Logs, WhatIsWrittenToNoFileIsFollowedLive) {
  TestFleet fleet;
  const std::string script = fleet.WriteApp("counter.py", kCounter);
  fleet.MustCtl({"start", script, "--name", "mute", "--disable-logs",
                 "--min-ready-time", "0"});
  fleet.MustCtl({"start", script, "--name", "null", "--out-file", "/dev/null",
                 "--min-ready-time", "0"});
  EXPECT_NE(fleet.Ctl({"logs", "mute"}).err.find("mute keeps no logs"),
            std::string::npos);
  for (const std::string app : {"mute", "null"}) {
    auto follow = fleet.StartCtl({"logs", app, "-f"}, app);
    EXPECT_TRUE(fleet.Eventually([&] {
      return Count(ReadFile(fleet.dir() + "/" + app + ".out"), "line ") > 100;
    })) << app;
    follow->Signal(SIGINT);
    EXPECT_TRUE(follow->Wait(kPatience).has_value());
  }
}

}  // namespace
}  // namespace fleet::e2e
