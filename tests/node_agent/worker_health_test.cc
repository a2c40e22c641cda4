// Probes, watchdogs and notices of real workers, their files, and what is read
// anew at each start.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/node_agent/worker_bench.h"

namespace fleet::agent {
namespace {

using absl::StrContains;

// Says each of its arguments to the notify socket, at a time of its own.
constexpr char kNotifier[] = R"(
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
for word in sys.argv[1:]: s.send(word.encode())
print(os.environ.get('WATCHDOG_USEC', 'none'), flush=True)
time.sleep(100)
)";

class WorkerHealthTest : public testing::Test {
 protected:
  AppSpec Shell(const std::string& name, const std::string& code) {
    return bench_.Spec(name, bench_.Write(name + ".sh", code));
  }
  AppSpec Notifier(const std::vector<std::string>& words) {
    AppSpec spec = bench_.Spec("n", bench_.Write("n.py", kNotifier));
    spec.args = words;
    return spec;
  }
  std::string Unhealthy(WorkerId id) {
    bench_.Until([&] { return !bench_.seen(id).unhealthy.empty(); });
    return bench_.seen(id).unhealthy;
  }
  std::string Detail(WorkerId id, const std::string& part) {
    bench_.Until([&] { return StrContains(bench_.seen(id).detail, part); });
    return bench_.seen(id).detail;
  }
  std::string Read(const std::string& name) {
    std::ifstream in(bench_.folder + "/" + name);
    std::string text;
    std::getline(in, text);
    return text;
  }

  WorkerBench bench_;
};

TEST_F(WorkerHealthTest, AnExecProbeMakesAWorkerReady) {
  AppSpec spec = Shell("app", "sleep 100");
  spec.env["WANTED"] = bench_.folder + "/ready";
  spec.readiness.exec = ExecProbe{
      {"sh", "-c", "echo looking for $WANTED in $PWD >&2; test -e $WANTED"}};
  spec.readiness.interval = absl::Milliseconds(20);
  WorkerId id = bench_.Start(spec, 0, 1);
  EXPECT_EQ(Detail(id, "looking"),
            absl::StrCat("sh: exit code 1: looking for ", bench_.folder,
                         "/ready in ", bench_.folder));
  bench_.Write("ready", "");
  EXPECT_TRUE(bench_.UntilReady(id));
}

TEST_F(WorkerHealthTest, AnExecProbeThatHangsIsKilledWithItsTree) {
  AppSpec spec = Shell("app", "sleep 100");
  spec.readiness.exec = ExecProbe{
      {"bash", "-c", "setsid sleep 1000 & echo $! > orphan; sleep 1000"}};
  spec.readiness.probe_timeout = absl::Milliseconds(300);
  WorkerId id = bench_.Start(spec, 0, 1);
  EXPECT_EQ(Detail(id, "no answer"), "bash: no answer within 300ms");
  pid_t orphan = std::atoi(Read("orphan").c_str());
  ASSERT_GT(orphan, 0);
  // The test is where the kernel puts orphans.
  EXPECT_TRUE(bench_.Until([&] {
    return kill(orphan, 0) != 0 || waitpid(orphan, nullptr, WNOHANG) == orphan;
  }));
  bench_.runtime->Kill(id);
  EXPECT_TRUE(bench_.UntilGone(id));
  EXPECT_TRUE(bench_.Until([&] { return bench_.keeper.processes() == 0; }));
}

TEST_F(WorkerHealthTest, AnExecProbeThatCannotRunSaysWhy) {
  AppSpec spec = Shell("app", "sleep 100");
  spec.readiness.exec = ExecProbe{{"no-such-command"}};
  WorkerId id = bench_.Start(spec, 0, 1);
  EXPECT_TRUE(StrContains(Detail(id, "no-such"), "no-such-command"));
}

TEST_F(WorkerHealthTest, AHungWorkerIsToldOfOnce) {
  AppSpec spec = Shell("app", "sleep 100");
  spec.liveness.exec = ExecProbe{{"test", "!", "-e", "hung"}};
  spec.liveness.interval = absl::Milliseconds(20);
  spec.liveness.failure_threshold = 2;
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilReady(id));
  bench_.Write("hung", "");
  EXPECT_EQ(Unhealthy(id), "test: exit code 1 (2 times)");
}

TEST_F(WorkerHealthTest, AStoppedWorkerIsFoundOnItsOwnPort) {
  AppSpec spec = bench_.Spec("app", bench_.Write("app.py", R"(
import socket
s = socket.socket(fileno=3)
while True:
    c, _ = s.accept()
    c.recv(4096)
    c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    c.close()
)"));
  spec.listen = {"tcp://127.0.0.1:0"};
  UniqueFd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto any = MakeInetAddress("127.0.0.1", 0, AF_INET);
  ASSERT_EQ(bind(probe.get(), any->get(), any->size), 0);
  int port = LocalPort(probe.get());
  probe.Reset();
  spec.listen = {absl::StrCat("tcp://127.0.0.1:", port)};
  spec.liveness.http = HttpProbe{port, "/", 0};
  spec.liveness.interval = absl::Milliseconds(20);
  spec.liveness.probe_timeout = absl::Milliseconds(200);
  spec.liveness.failure_threshold = 2;
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilReady(id));
  kill(bench_.seen(id).pid, SIGSTOP);
  EXPECT_EQ(Unhealthy(id), absl::StrCat("GET / on 127.0.0.1:", port,
                                        ": no answer within 200ms (2 times)"));
}

TEST_F(WorkerHealthTest, AWatchdogThatIsNotFedIsToldOf) {
  AppSpec spec = Notifier({"READY=1", "WATCHDOG=1"});
  spec.readiness.notify = true;
  spec.liveness.watchdog = absl::Milliseconds(200);
  WorkerId id = bench_.Start(spec, 0, 1);
  EXPECT_EQ(Unhealthy(id), "no WATCHDOG=1 within 200ms");
  EXPECT_EQ(bench_.Out(id), "200000\n");
}

TEST_F(WorkerHealthTest, AWorkerMayCallItselfHungAndAskForTime) {
  WorkerId id = bench_.Start(
      Notifier({"EXTEND_TIMEOUT_USEC=5000000", "WATCHDOG=trigger"}), 0, 1);
  EXPECT_EQ(Unhealthy(id), "it said WATCHDOG=trigger");
  EXPECT_EQ(bench_.seen(id).extension, absl::Seconds(5));
  EXPECT_TRUE(bench_.Until([&] { return bench_.Out(id) == "none\n"; }));
}

TEST_F(WorkerHealthTest, AWorkerThatReloadsIsNotReadyMeanwhile) {
  AppSpec spec = Notifier({"READY=1", "RELOADING=1"});
  spec.readiness.notify = true;
  WorkerId id = bench_.Start(spec, 0, 1);
  EXPECT_EQ(Detail(id, "reloads"), "reloads, waits for READY=1");
  EXPECT_FALSE(bench_.seen(id).ready);
}

TEST_F(WorkerHealthTest, EnvFilesAreReadAtEachStart) {
  AppSpec spec = Shell("app", "echo $A $B");
  spec.env_files = {"app.env", "-local.env"};
  spec.env["B"] = "spec";
  bench_.Write("app.env", "A=one\nB=file\n");
  WorkerId first = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilGone(first));
  EXPECT_EQ(bench_.Out(first), "one spec\n");
  bench_.Write("local.env", "A=two\n");
  WorkerId second = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilGone(second));
  EXPECT_EQ(bench_.Out(second), "two spec\n");
  unlink((bench_.folder + "/app.env").c_str());
  WorkerId third = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilGone(third));
  EXPECT_EQ(bench_.seen(third).exit.kind, WorkerExit::Kind::kStartFailed);
  EXPECT_TRUE(StrContains(bench_.seen(third).exit.message,
                          "app app, instance 0: env_files"));
}

TEST_F(WorkerHealthTest, ASwitchedLinkIsFollowedAtTheNextStart) {
  for (const char* version : {"v1", "v2"}) {
    std::filesystem::create_directory(bench_.folder + "/" + version);
    bench_.Write(absl::StrCat(version, "/app.sh"),
                 absl::StrCat("echo ", version, " in $PWD"));
  }
  std::string current = bench_.folder + "/current";
  std::filesystem::create_directory_symlink("v1", current);
  AppSpec spec = bench_.Spec("app", "app.sh");
  spec.cwd = current;
  WorkerId first = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilGone(first));
  EXPECT_EQ(bench_.Out(first), absl::StrCat("v1 in ", bench_.folder, "/v1\n"));
  std::filesystem::remove(current);
  std::filesystem::create_directory_symlink("v2", current);
  WorkerId second = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilGone(second));
  EXPECT_EQ(bench_.Out(second), absl::StrCat("v2 in ", bench_.folder, "/v2\n"));
}

TEST_F(WorkerHealthTest, ThePidFileIsThereWhileTheWorkerIs) {
  AppSpec spec = Shell("app", "sleep 100");
  spec.pid_file = bench_.folder + "/app.pid";
  WorkerId id = bench_.Start(spec, 1, 2);
  ASSERT_TRUE(bench_.UntilReady(id));
  EXPECT_EQ(Read("app-1.pid"), absl::StrCat(bench_.seen(id).pid));
  bench_.runtime->BeginStop(id);
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_FALSE(std::filesystem::exists(bench_.folder + "/app-1.pid"));
}

}  // namespace
}  // namespace fleet::agent
