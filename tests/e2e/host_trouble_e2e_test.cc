// What goes wrong with a machine: it loses its power, its disk is full, its
// calendar jumps by a year, its state folder is somebody else's as well.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr int kPort = 3000;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

int Count(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size())) {
    ++n;
  }
  return n;
}

void FillDisk(const std::string& file) {
  int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  for (size_t block = 1 << 16; block > 0; block /= 2) {
    std::string zeros(block, '\0');
    while (write(fd, zeros.data(), zeros.size()) > 0) {
    }
  }
  close(fd);
}

std::string Apps(const std::string& more = "", const std::string& web = "") {
  return "apps:\n"
         "  - name: web\n"
         "    script: " +
         AppPath("web.js") +
         "\n"
         "    exec_mode: cluster\n"
         "    instances: 2\n"
         "    wait_ready: true\n"
         "    stop_signal: SIGINT\n" +
         web +
         "  - name: lines\n"
         "    script: " +
         AppPath("lines.py") + "\n" + more;
}

// The state folder of host 1, which is full until Empty.
class FullDisk {
 public:
  explicit FullDisk(TestFleet& fleet)
      : fleet_(fleet), filler_(fleet.HostDir(1) + "/filler") {
    Fill();
  }

  void Fill() { FillDisk(filler_); }
  void Empty() { ASSERT_EQ(unlink(filler_.c_str()), 0); }

  // Kills a worker of "web" and waits until its successor serves; the other one
  // stays.
  void Crash(size_t slot) {
    Fill();
    const std::vector<pid_t> before = fleet_.Pids("web", "host-1");
    ASSERT_EQ(before.size(), 2U);
    ::kill(before[slot], SIGKILL);
    EXPECT_TRUE(fleet_.Eventually([&] {
      std::vector<pid_t> now = fleet_.Pids("web", "host-1");
      return now.size() == 2 && now[slot] != before[slot] &&
             now[1 - slot] == before[1 - slot] && Online();
    })) << fleet_.Show("web").dump(1);
  }

  bool Online() {
    auto web = fleet_.InstancesOn("web", "host-1");
    return std::all_of(web.begin(), web.end(), [](const auto& instance) {
      return instance.value("state", "") == "INSTANCE_STATE_ONLINE";
    });
  }

  int64_t LostBytes() {
    auto lines = fleet_.InstancesOn("lines", "host-1");
    if (lines.empty() || !lines[0].contains("logs")) return 0;
    return lines[0]["logs"].value("lost_bytes", int64_t{0});
  }

 private:
  TestFleet& fleet_;
  const std::string filler_;
};

TEST(HostTrouble, AFullDiskCostsLogLinesAndChangesAndNothingElse) {
  TestFleet fleet({.host_disk_bytes = 32 << 20});
  if (!fleet.disk()) GTEST_SKIP() << "needs root for a file system";
  fleet.MustCtl(
      {"apply", fleet.WriteApp("fleet.yaml", Apps()), "--min-ready-time", "0"});
  const std::vector<pid_t> web = fleet.Pids("web", "host-1");
  HttpLoad load({fleet.Target(1, kPort)}, LoadMode::kClose, 1);
  FullDisk disk(fleet);
  ASSERT_TRUE(fleet.Eventually([&] { return disk.LostBytes() > 0; }))
      << fleet.Show("lines").dump(1);
  // More than what may be left of the journal's last block.
  const std::string changed = fleet.WriteApp(
      "fleet.yaml", Apps("", "    env: {VERSION: two, FILLER: " +
                                 std::string(5000, 'x') + "}\n"));
  CommandResult refused = fleet.Ctl({"apply", changed});
  EXPECT_GT(refused.exit_code, 0);
  EXPECT_TRUE(Contains(refused.out + refused.err, "No space left on device"))
      << refused.out << refused.err;
  EXPECT_EQ(fleet.Pids("web", "host-1"), web);
  for (const char* command :
       {"show lines", "show web", "ls", "hosts", "doctor"}) {
    std::string said;
    EXPECT_TRUE(fleet.Eventually([&] {
      said = fleet.Ctl(absl::StrSplit(command, ' ')).out;
      return Contains(said, "No space left on device") &&
             Contains(said, fleet.HostDir(1));
    })) << command
        << ":\n"
        << said;
  }
  // Neither this agent, nor the next one, nor a next keeper and its agent need
  // room for what they do, or do anything twice.
  disk.Crash(0);
  std::vector<pid_t> now = fleet.Pids("web", "host-1");
  const pid_t agent = fleet.AgentPid(1);
  ::kill(agent, SIGKILL);
  ASSERT_TRUE(WaitGone(agent, kPatience));
  EXPECT_TRUE(
      fleet.Eventually([&] { return fleet.Pids("web", "host-1") == now; }));
  disk.Crash(1);
  now = fleet.Pids("web", "host-1");
  fleet.KillHost(1);
  fleet.StartHost(1);
  fleet.AwaitConnected(1);
  EXPECT_TRUE(
      fleet.Eventually([&] { return fleet.Pids("web", "host-1") == now; }));
  disk.Crash(0);
  // With room, what was refused is done, and nothing is lost any more.
  disk.Empty();
  EXPECT_TRUE(fleet.Eventually([&] {
    return HttpGet(fleet.Target(1, kPort)).body == "vtwo";
  })) << fleet.MustCtl({"show", "web"});
  EXPECT_TRUE(fleet.Eventually([&] {
    return !Contains(fleet.Ctl({"hosts"}).out, "No space left") &&
           !Contains(fleet.Ctl({"show", "lines"}).out, "No space left");
  }));
  const int64_t lost = disk.LostBytes();
  const std::string log = fleet.HostDir(1) + "/logs/lines/0-out.log";
  const size_t before = ReadFile(log).size();
  EXPECT_TRUE(
      fleet.Eventually([&] { return ReadFile(log).size() > before + 10000; }));
  EXPECT_EQ(disk.LostBytes(), lost);
  LoadCounts counts = load.Stop();
  // A request that a killed worker had in hand.
  EXPECT_LE(counts.failed, 3) << nlohmann::json(counts.reasons).dump();
}

// The machine is switched off: nothing lives, the kernel has another boot id,
// and what is on the disk names processes of the last boot.
TEST(HostTrouble, AHostThatBootsStartsWhatItLastAcceptedInItsOrder) {
  TestFleet fleet;
  if (geteuid() != 0) GTEST_SKIP() << "needs root for another boot id";
  std::string runs = fleet.dir() + "/runs";
  std::string pid_file = fleet.dir() + "/lines.pid";
  std::string job =
      fleet.WriteApp("job.sh", "echo ran >> " + runs + "\nexit 3\n");
  std::string file = fleet.WriteApp(
      "fleet.yaml",
      "apps:\n"
      "  - {name: first, script: " +
          AppPath("lines.py") + ", pid_file: " + pid_file +
          ", limits: {memory_max: 200M}}\n"
          "  - {name: second, script: " +
          AppPath("web.js") +
          ", instances: 2, exec_mode: cluster, depends_on: [first]}\n"
          "  - {name: job, script: " +
          job +
          ", autorestart: false}\n"
          "  - {name: stopped, script: " +
          AppPath("lines.py") + "}\n");
  fleet.MustCtl({"apply", file, "--no-wait"});
  ASSERT_TRUE(fleet.Eventually([&] {
    return fleet.Pids("second", "host-1").size() == 2 &&
           ReadFile(runs) == "ran\n";
  }));
  fleet.MustCtl({"stop", "stopped"});
  fleet.MustCtl({"scale", "second", "3"});
  ASSERT_TRUE(fleet.Eventually(
      [&] { return fleet.Pids("second", "host-1").size() == 3; }));
  nlohmann::json before = fleet.Show("second");

  fleet.StopController();
  fleet.KillHost(1);
  for (pid_t pid : fleet.WorkerProcesses()) {
    ::kill(pid, SIGKILL);
    ASSERT_TRUE(WaitGone(pid, kPatience));
  }
  // Its number is somebody else's by now.
  ProcessOptions sleep;
  sleep.argv = {"sleep", "1000"};
  ChildProcess bystander(sleep);
  WriteFile(pid_file, std::to_string(bystander.pid()) + "\n");
  std::string boot_id = fleet.dir() + "/boot_id";
  WriteFile(boot_id, "11111111-2222-3333-4444-555555555555\n");
  fleet.options().host_wrapper = {
      "unshare",
      "-m",
      "sh",
      "-c",
      "mount --bind " + boot_id +
          " /proc/sys/kernel/random/boot_id && exec \"$@\"",
      "sh"};
  fleet.StartHost(1);
  // With no controller.
  ASSERT_TRUE(fleet.Eventually([&] {
    return fleet.WorkerProcesses().size() == 4 &&
           ReadFile(runs) == "ran\nran\n";
  })) << fleet.WorkerProcesses().size();
  EXPECT_TRUE(bystander.Wait(absl::ZeroDuration()) == std::nullopt);
  EXPECT_NE(ReadFile(pid_file), std::to_string(bystander.pid()) + "\n");
  EXPECT_TRUE(fleet.Eventually(
      [&] { return HttpGet(fleet.Target(1, kPort)).body == "v1"; }));
  fleet.StartController();
  fleet.AwaitConnected(1);
  ASSERT_TRUE(fleet.Eventually(
      [&] { return fleet.Pids("second", "host-1").size() == 3; }));
  auto ticks = [](pid_t pid) {
    std::string stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string field;
    for (int i = 3; i <= 22; ++i) fields >> field;
    return std::stoll(field);
  };
  int64_t first = ticks(fleet.Pids("first", "host-1").at(0));
  for (pid_t pid : fleet.Pids("second", "host-1")) {
    EXPECT_GE(ticks(pid), first);
  }
  EXPECT_TRUE(fleet.Pids("stopped", "host-1").empty());
  for (const auto& instance : fleet.InstancesOn("second", "host-1")) {
    EXPECT_EQ(instance.value("restarts", 0), 0);
  }
  nlohmann::json after = fleet.Show("second");
  EXPECT_EQ(after["app"]["current_revision"],
            before["app"]["current_revision"]);
}

// Only the agent's: the controller's shows how far the two are apart.
TEST(HostTrouble, ACalendarThatJumpsAYearAndBackMovesNothingElse) {
  TestFleet fleet({.hosts = 0});
  std::string clock = fleet.dir() + "/clock";
  WriteFile(clock, "0");
  fleet.options().host_env = {{"LD_PRELOAD", ProgramPath("shifted_clock.so")},
                              {"FLEET_TEST_CLOCK", clock}};
  fleet.StartHost(1);
  fleet.AwaitConnected(1);
  fleet.MustCtl(
      {"apply",
       fleet.WriteApp("fleet.yaml", Apps("    min_uptime: 1h\n"
                                         "    max_restarts: 4\n"
                                         "  - name: yearly\n"
                                         "    script: " +
                                         AppPath("lines.py") +
                                         "\n"
                                         "    cron_restart: '@yearly'\n"
                                         "    log_rotate_interval: 24h\n")),
       "--min-ready-time", "0"});
  std::vector<pid_t> web = fleet.Pids("web", "host-1");
  // Skips what was due while no agent ran, and looks once a minute.
  std::vector<pid_t> yearly = fleet.Pids("yearly", "host-1");
  HttpLoad load({fleet.Target(1, kPort)}, LoadMode::kClose, 1);
  auto crash = [&] {
    std::vector<pid_t> before = fleet.Pids("lines", "host-1");
    ASSERT_EQ(before.size(), 1U);
    ::kill(before.at(0), SIGUSR1);
    ASSERT_TRUE(fleet.Eventually(
        [&] { return fleet.Pids("lines", "host-1") != before; }));
  };
  auto started = [&] {
    return fleet.Eventually(
        [&] { return fleet.Pids("lines", "host-1").size() == 1; });
  };
  for (const char* shift : {"31622400", "0"}) {
    WriteFile(clock, shift);
    // Too soon to be stable, whatever the calendar says.
    crash();
    ASSERT_TRUE(started());
    // An agent that begins in that year finds its workers' true age.
    pid_t agent = fleet.AgentPid(1);
    ::kill(agent, SIGKILL);
    ASSERT_TRUE(WaitGone(agent, kPatience));
    fleet.AwaitConnected(1);
    EXPECT_EQ(fleet.Pids("web", "host-1"), web) << shift;
    crash();
    if (shift[0] != '0') {
      ASSERT_TRUE(started());
    }
    ASSERT_TRUE(load.AwaitServed(20, kPatience));
  }
  // Four exits in a row, none of them stable.
  EXPECT_TRUE(fleet.Eventually([&] {
    return Contains(fleet.MustCtl({"show", "lines"}), "crash loop: 4 unstable");
  })) << fleet.MustCtl({"show", "lines"});
  EXPECT_EQ(fleet.Pids("yearly", "host-1"), yearly);
  EXPECT_EQ(fleet.Pids("web", "host-1"), web);
  EXPECT_EQ(load.Stop().failed, 0);
}

// Somebody copies the folder to have a second host, on the same machine.
TEST(HostTrouble, ACopyOfAStateFolderStartsNothingBesideItsOriginal) {
  TestFleet fleet;
  fleet.MustCtl({"start", AppPath("lines.py"), "--name", "lines",
                 "--min-ready-time", "0"});
  const std::vector<pid_t> lines = fleet.Pids("lines", "host-1");
  const pid_t agent = fleet.AgentPid(1);
  const std::string copy = fleet.dir() + "/copy";
  ProcessOptions options;
  options.argv = {"cp", "-a", fleet.HostDir(1), copy};
  ASSERT_EQ(ChildProcess(options).Wait(kPatience), 0);
  options.argv = {
      ProgramPath("fleet-keeper"), "--state-dir", copy,    "--",
      ProgramPath("fleet-agent"),  "--state-dir", copy,    "--controller",
      fleet.controller_address(),  "--host-name", "host-2"};
  options.stdout_file = options.stderr_file = fleet.dir() + "/copy.log";
  ChildProcess second(options);
  EXPECT_EQ(second.Wait(kPatience), 78) << ReadFile(options.stderr_file);
  const std::string said = ReadFile(options.stderr_file);
  EXPECT_TRUE(Contains(said, copy +
                                 " is a copy: an agent with the same "
                                 "host_uid runs on this machine (pid " +
                                 std::to_string(agent) + ")"))
      << said;
  // Where it cannot see the other agent it sees that agent's workers.
  if (geteuid() == 0) {
    options.argv.insert(options.argv.begin(), {"unshare", "--net"});
    ChildProcess third(options);
    EXPECT_EQ(third.Wait(kPatience), 78) << ReadFile(options.stderr_file);
    EXPECT_TRUE(Contains(ReadFile(options.stderr_file),
                         copy + " is a copy: process " +
                             std::to_string(lines.at(0)) + " is a worker of"))
        << ReadFile(options.stderr_file);
  }
  EXPECT_TRUE(IsAlive(agent));
  EXPECT_EQ(fleet.Pids("lines", "host-1"), lines);
  EXPECT_TRUE(IsAlive(lines.at(0)));
}

// Two containers of one machine, one state folder in both: neither the machine
// nor the boot tells them apart.
TEST(HostTrouble, TwoAgentsWithCopiesOfOneStateFolderDoNotTakeTurns) {
  TestFleet fleet;
  if (geteuid() != 0) GTEST_SKIP() << "needs root for a network namespace";
  fleet.MustCtl({"start", AppPath("lines.py"), "--name", "lines",
                 "--min-ready-time", "0"});
  std::vector<pid_t> lines = fleet.Pids("lines", "host-1");
  std::string copy = fleet.dir() + "/copy";
  ASSERT_EQ(mkdir(copy.c_str(), 0711), 0);
  std::filesystem::copy(fleet.HostDir(1) + "/host_uid", copy + "/host_uid");
  ProcessOptions options;
  options.argv = {"unshare",
                  "--net",
                  "--pid",
                  "--fork",
                  "--kill-child",
                  "--mount-proc",
                  ProgramPath("fleet-keeper"),
                  "--state-dir",
                  copy,
                  "--",
                  ProgramPath("fleet-agent"),
                  "--state-dir",
                  copy,
                  "--controller",
                  fleet.controller_address(),
                  "--host-name",
                  "host-1"};
  options.stdout_file = options.stderr_file = fleet.dir() + "/copy.log";
  ChildProcess clone(options);
  ASSERT_TRUE(fleet.Eventually([&] {
    return Contains(fleet.Ctl({"hosts", "-o", "json"}).out,
                    "copies of one state folder");
  })) << ReadFile(fleet.ControllerLog());
  // Whoever was refused says so, and what to do.
  EXPECT_TRUE(fleet.Eventually([&] {
    return Contains(ReadFile(fleet.HostLog(1)) + ReadFile(options.stderr_file),
                    "copies of one state folder");
  })) << ReadFile(fleet.HostLog(1));
  int sessions = Count(ReadFile(fleet.ControllerLog()), "state=LIVE");
  EXPECT_LE(sessions, 3);
  EXPECT_TRUE(Contains(fleet.Ctl({"doctor"}).out, "copies of one"))
      << fleet.Ctl({"doctor"}).out;
  // The worker of the first is its own whoever is heard.
  EXPECT_TRUE(IsAlive(lines.at(0)));
  // Its processes end with its container.
  clone.Signal(SIGKILL);
  EXPECT_TRUE(clone.Wait(kPatience).has_value());
}

}  // namespace
}  // namespace fleet::e2e
