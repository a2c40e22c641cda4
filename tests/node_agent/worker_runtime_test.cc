// Workers of any language under the runtime.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/node_agent/http_stream.h"
#include "tests/node_agent/worker_bench.h"

namespace fleet::agent {
namespace {

// Serves from the inherited socket; answers with its pid, or the status in
// the file `status` beside it.
constexpr char kPythonServer[] = R"(
import os, socket, signal, sys
signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
assert os.environ['LISTEN_PID'] == str(os.getpid())
s = socket.socket(fileno=3)
s.setblocking(True)
print('serving', flush=True)
while True:
    c, _ = s.accept()
    c.recv(4096)
    try: status = open('status').read().strip()
    except OSError: status = '200 OK'
    body = os.environ['FLEET_INSTANCE']
    c.sendall(('HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s'
               % (status, len(body), body)).encode())
    c.close()
)";

class WorkerRuntimeTest : public ::testing::Test {
 protected:
  AppSpec Shell(const std::string& name, const std::string& code) {
    AppSpec spec = bench_.Spec(name, bench_.Write(name + ".sh", code));
    spec.stop.kill_timeout = absl::Seconds(5);
    return spec;
  }

  AppSpec Server(const std::string& name) {
    AppSpec spec = bench_.Spec(name, bench_.Write(name + ".py", kPythonServer));
    spec.listen = {absl::StrCat("tcp://127.0.0.1:", FreePort())};
    return spec;
  }

  static int FreePort() {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto name = MakeInetAddress("127.0.0.1", 0, AF_INET);
    EXPECT_EQ(bind(fd.get(), name->get(), name->size), 0);
    return LocalPort(fd.get());
  }

  void Stop(WorkerId id) {
    bench_.runtime->BeginStop(id);
    EXPECT_TRUE(bench_.UntilGone(id));
  }
  bool Alive(pid_t pid) { return kill(pid, 0) == 0; }
  // A number that the worker has printed.
  pid_t PidIn(const std::string& text) { return std::atoi(text.c_str()); }

  WorkerBench bench_;
};

TEST_F(WorkerRuntimeTest, RunsWritesAndExits) {
  WorkerId id =
      bench_.Start(Shell("job",
                         "echo \"$FLEET_APP $FLEET_HOST $FLEET_GENERATION\"; "
                         "echo oops >&2; exit 3"),
                   0, 1);
  ASSERT_TRUE(bench_.UntilGone(id));
  const auto& seen = bench_.seen(id);
  EXPECT_GT(seen.pid, 0);
  EXPECT_EQ(seen.exit.kind, WorkerExit::Kind::kExited);
  EXPECT_EQ(seen.exit.value, 3);
  EXPECT_EQ(bench_.Out(id), "job host-1 7\n");
  EXPECT_EQ(bench_.Err(id), "oops\n");
  EXPECT_EQ(bench_.logs->forgotten(), std::vector<WorkerId>{id});
  EXPECT_EQ(bench_.keeper.processes(), 0U);
  EXPECT_EQ(bench_.keeper.held_names(), std::vector<std::string>{"notify"});
}

TEST_F(WorkerRuntimeTest, ACrashedWorkersSuccessorStartsFromItsExit) {
  AppSpec spec = Shell("crash", "exit 1");
  WorkerId next = 0;
  bench_.listener.on_exited = [&](WorkerId) {
    if (next == 0) next = bench_.Start(spec, 0, 1);
  };
  bench_.Start(spec, 0, 1);
  EXPECT_TRUE(bench_.Until([&] { return next != 0; }));
  EXPECT_TRUE(bench_.UntilGone(next));
}

TEST_F(WorkerRuntimeTest, WhatIsKnownToBeGoneIsToldWithItsExit) {
  bench_.keeper.SayTreesGone();
  WorkerId id = bench_.Start(Shell("brief", "echo last words; exit 1"), 0, 1);
  ASSERT_TRUE(bench_.Until([&] { return bench_.seen(id).exited; }));
  EXPECT_TRUE(bench_.seen(id).gone);
  EXPECT_EQ(bench_.Out(id), "last words\n");
  EXPECT_TRUE(bench_.Until([&] { return bench_.keeper.processes() == 0; }));
  EXPECT_EQ(bench_.keeper.held_names(), std::vector<std::string>{"notify"});
}

TEST_F(WorkerRuntimeTest, WhatCannotStartSaysWhy) {
  AppSpec spec = Shell("broken", "");
  spec.interpreter = "python9";
  WorkerId id = bench_.Start(spec, 0, 1);
  EXPECT_FALSE(bench_.seen(id).exited);  // Not from inside Start.
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_EQ(bench_.seen(id).exit.kind, WorkerExit::Kind::kStartFailed);
  EXPECT_TRUE(absl::StrContains(bench_.seen(id).exit.message, "python9"));
  EXPECT_EQ(bench_.keeper.processes(), 0U);
}

TEST_F(WorkerRuntimeTest, WhatTheKernelRefusesToRunSaysWhy) {
  AppSpec spec = bench_.Spec("noexec", bench_.Write("noexec", "\x7f nonsense"));
  spec.interpreter = "none";
  chmod((bench_.folder + "/noexec").c_str(), 0755);
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_EQ(bench_.seen(id).exit.kind, WorkerExit::Kind::kStartFailed);
  EXPECT_TRUE(absl::StrContains(bench_.seen(id).exit.message,
                                "execve " + bench_.folder + "/noexec"))
      << bench_.seen(id).exit.message;
  EXPECT_EQ(bench_.keeper.CountHeld("log/"), 0);
}

TEST_F(WorkerRuntimeTest, TheStopSignalReachesTheGroup) {
  WorkerId id =
      bench_.Start(Shell("group",
                         // What outlives the main process is killed.
                         "trap 'wait $child; echo main; exit 0' TERM\n"
                         "(trap 'echo child; exit 0' TERM; echo up; "
                         "while :; do sleep 0.05; done) &\n"
                         "child=$!\n"
                         "while :; do sleep 0.05; done"),
                   0, 1);
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(id) == "up\n"; }));
  Stop(id);
  EXPECT_TRUE(absl::StrContains(bench_.Out(id), "main"));
  EXPECT_TRUE(absl::StrContains(bench_.Out(id), "child"));
}

TEST_F(WorkerRuntimeTest, TheWholeTreeIsGoneAlsoWhatLeftItsSession) {
  WorkerId id = bench_.Start(
      Shell("tree", "setsid sh -c 'echo $$; exec sleep 1000' &\nsleep 0.3"), 0,
      1);
  ASSERT_TRUE(bench_.Until([&] { return !bench_.Out(id).empty(); }));
  pid_t escaped = PidIn(bench_.Out(id));
  EXPECT_TRUE(Alive(escaped));
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_FALSE(Alive(escaped) && waitpid(escaped, nullptr, WNOHANG) != escaped);
}

TEST_F(WorkerRuntimeTest, KillEndsAWorkerThatIgnoresTheSignal) {
  WorkerId id = bench_.Start(
      Shell("deaf", "trap '' TERM; echo up; while :; do sleep 0.05; done"), 0,
      1);
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(id) == "up\n"; }));
  bench_.runtime->BeginStop(id);
  bench_.runtime->Kill(id);
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_EQ(bench_.seen(id).exit.message, "SIGKILL");
}

TEST_F(WorkerRuntimeTest, NotifySaysReadyAndStatus) {
  AppSpec spec = bench_.Spec("notify", bench_.Write("notify.py", R"(
import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
s.send(b'garbage')
s.send(b'x' * 9000)
s.send(b'STATUS=warming up')
if os.fork() == 0:
    r, w = os.pipe()
    s.send(b'READY=1')
    socket.send_fds(s, [b'BARRIER=1'], [w])
    os.close(w)
    os.read(r, 1)
    print('barrier', flush=True)
    os._exit(0)
time.sleep(1000)
)"));
  spec.readiness.notify = true;
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilReady(id)) << bench_.Err(id);
  EXPECT_EQ(bench_.seen(id).status_text, "warming up");
  EXPECT_TRUE(bench_.Until([&] { return bench_.Out(id) == "barrier\n"; }));
  // A later agent knows that it is ready.
  std::vector<AdoptedWorker> adopted = bench_.Restart();
  ASSERT_EQ(adopted.size(), 1U);
  EXPECT_TRUE(adopted[0].ready);
  bench_.runtime->Kill(id);
  EXPECT_TRUE(bench_.UntilGone(id));
}

TEST_F(WorkerRuntimeTest, HttpProbeMakesReadyAndUnready) {
  AppSpec spec = Server("probed");
  spec.readiness.http = HttpProbe{
      std::atoi(spec.listen[0].substr(spec.listen[0].rfind(':') + 1).c_str()),
      "/health", 200};
  spec.readiness.interval = absl::Milliseconds(20);
  spec.readiness.failure_threshold = 2;
  bench_.Write("status", "503 No");
  ASSERT_TRUE(bench_.runtime->PrepareSockets("probed-uid", spec, 1).ok());
  WorkerId id = bench_.Start(spec, 0, 1);
  std::string text = absl::StrCat(
      "GET /health on 127.0.0.1:", spec.readiness.http->port, ": 503 \"0\"");
  EXPECT_TRUE(bench_.Until([&] { return bench_.seen(id).detail == text; }))
      << bench_.seen(id).detail << bench_.Err(id);
  EXPECT_FALSE(bench_.seen(id).ready);
  bench_.Write("status", "200 OK");
  EXPECT_TRUE(bench_.UntilReady(id));
  bench_.Write("status", "500 No");
  EXPECT_TRUE(bench_.Until([&] { return !bench_.seen(id).ready; }));
  Stop(id);
}

TEST_F(WorkerRuntimeTest, AProbeIsAnsweredByTheWorkerItIsFor) {
  AppSpec spec = Server("pair");
  spec.readiness.tcp = TcpProbe{
      std::atoi(spec.listen[0].substr(spec.listen[0].rfind(':') + 1).c_str())};
  WorkerId old = bench_.Start(spec, 0, 2);
  WorkerId other = bench_.Start(spec, 1, 2);
  ASSERT_TRUE(bench_.UntilReady(old)) << bench_.Err(old);
  ASSERT_TRUE(bench_.UntilReady(other));
  // It accepts nothing in its lane.
  AppSpec hung = spec;
  hung.script = bench_.Write("hung.py", "import time; time.sleep(1000)");
  hung.readiness.probe_timeout = absl::Milliseconds(300);
  WorkerId fresh = bench_.Start(hung, 0, 2);
  ASSERT_TRUE(bench_.Until([&] {
    return absl::StrContains(bench_.seen(fresh).detail, "no answer within");
  })) << bench_.seen(fresh).detail;
  EXPECT_FALSE(bench_.seen(fresh).ready);
  bench_.runtime->Kill(fresh);
  EXPECT_TRUE(bench_.UntilGone(fresh));
  // A real successor is found in the same lane.
  fresh = bench_.Start(spec, 0, 2);
  EXPECT_TRUE(bench_.UntilReady(fresh)) << bench_.seen(fresh).detail;
  for (WorkerId id : {old, other, fresh}) bench_.runtime->Kill(id);
  for (WorkerId id : {old, other, fresh}) EXPECT_TRUE(bench_.UntilGone(id));
}

TEST_F(WorkerRuntimeTest, ReloadsOfInheritedSocketsLoseNoRequest) {
  AppSpec spec = Server("inherit");
  int port =
      std::atoi(spec.listen[0].substr(spec.listen[0].rfind(':') + 1).c_str());
  spec.readiness.tcp = TcpProbe{port};
  std::vector<WorkerId> ids;
  for (int slot = 0; slot < 2; ++slot) {
    ids.push_back(bench_.Start(spec, slot, 2));
  }
  for (WorkerId id : ids) ASSERT_TRUE(bench_.UntilReady(id));
  HttpStream load(bench_.loop, "127.0.0.1", port, 4, false);
  for (int i = 0; i < 4; ++i) {
    size_t slot = static_cast<size_t>(i) % 2;
    WorkerId fresh = bench_.Start(spec, static_cast<int>(slot), 2);
    ASSERT_TRUE(bench_.UntilReady(fresh));
    // The server ends at once at its signal, between two connections or in
    // the middle of one: what it has accepted is its own to finish.
    bench_.runtime->BeginStop(ids[slot]);
    ASSERT_TRUE(bench_.UntilGone(ids[slot]));
    ids[slot] = fresh;
  }
  EXPECT_LE(load.failures(), 4) << load.first_failure();
  EXPECT_GT(load.answers(), 50);
  load.Finish();
  EXPECT_TRUE(bench_.Until([&] { return load.idle(); }));
  for (WorkerId id : ids) Stop(id);
}

TEST_F(WorkerRuntimeTest, AProbeOfAppsThatShareASocketWaitsForItsWorker) {
  AppSpec spec = Server("joint");
  spec.socket_sharing = SocketSharing::kShared;
  spec.readiness.tcp = TcpProbe{
      std::atoi(spec.listen[0].substr(spec.listen[0].rfind(':') + 1).c_str())};
  WorkerId old = bench_.Start(spec, 0, 2);
  ASSERT_TRUE(bench_.UntilReady(old)) << bench_.Err(old);
  AppSpec hung = spec;
  hung.script = bench_.Write("hung.py", "import time; time.sleep(1000)");
  WorkerId fresh = bench_.Start(hung, 1, 2);
  ASSERT_TRUE(bench_.Until([&] {
    return absl::StrContains(bench_.seen(fresh).detail, "only the app's other");
  })) << bench_.seen(fresh).detail;
  EXPECT_FALSE(bench_.seen(fresh).ready);
  for (WorkerId id : {old, fresh}) bench_.runtime->Kill(id);
  for (WorkerId id : {old, fresh}) EXPECT_TRUE(bench_.UntilGone(id));
}

// A release that answers every request, and wrongly.
TEST_F(WorkerRuntimeTest, AReplacementGetsNoConnectionBeforeTheOldOneIsToStop) {
  AppSpec spec = Server("soak");
  WorkerId old = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(old) == "serving\n"; }));
  AppSpec next = spec;
  next.script = bench_.Write(
      "next.py",
      absl::StrReplaceAll(kPythonServer,
                          {{"os.environ['FLEET_INSTANCE']", "'new'"}}));
  HttpStream load(bench_.loop, "127.0.0.1", bench_.Port("soak"), 4, false);
  WorkerId fresh = bench_.Start(next, 0, 1);
  ASSERT_TRUE(bench_.UntilReady(fresh));
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(fresh) == "serving\n"; }));
  int64_t before = load.answers();
  EXPECT_TRUE(bench_.Until([&] { return load.answers() > before + 200; }));
  EXPECT_EQ(load.bodies().count("new"), 0U);
  // A later agent knows which of them serves.
  ASSERT_EQ(bench_.Restart().size(), 2U);
  before = load.answers();
  EXPECT_TRUE(bench_.Until([&] { return load.answers() > before + 200; }));
  EXPECT_EQ(load.bodies().count("new"), 0U);
  bench_.runtime->BeginStop(old);
  before = load.answers();
  EXPECT_TRUE(bench_.Until([&] { return load.answers() > before + 200; }));
  EXPECT_GT(load.bodies().at("new"), 100);
  // The server ends at its signal whatever it does.
  EXPECT_LE(load.failures(), 1) << load.first_failure();
  load.Finish();
  EXPECT_TRUE(bench_.Until([&] { return load.idle(); }));
  Stop(fresh);
}

TEST_F(WorkerRuntimeTest, TheQueueOfAWorkerThatHungIsCarriedToItsSuccessor) {
  AppSpec spec = Server("stuck");
  AppSpec hung = spec;
  hung.script = bench_.Write(
      "hung.py", "import time; print('hangs', flush=True); time.sleep(1000)");
  WorkerId old = bench_.Start(hung, 0, 1);
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(old) == "hangs\n"; }));
  HttpStream load(bench_.loop, "127.0.0.1", bench_.Port("stuck"), 8, false);
  WorkerId fresh = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(fresh) == "serving\n"; }));
  EXPECT_EQ(load.answers(), 0);
  bench_.runtime->BeginStop(old);
  EXPECT_TRUE(bench_.UntilGone(old));
  EXPECT_TRUE(bench_.Until([&] { return load.answers() > 100; }));
  EXPECT_EQ(load.failures(), 0) << load.first_failure();
  load.Finish();
  EXPECT_TRUE(bench_.Until([&] { return load.idle(); }));
  Stop(fresh);
}

TEST_F(WorkerRuntimeTest, AKilledWorkersSlotGetsNoConnections) {
  AppSpec spec = Server("killed");
  std::vector<WorkerId> ids;
  for (int slot = 0; slot < 3; ++slot) {
    ids.push_back(bench_.Start(spec, slot, 3));
  }
  for (WorkerId id : ids) {
    ASSERT_TRUE(bench_.Until([&] { return bench_.Out(id) == "serving\n"; }));
  }
  int port =
      std::atoi(spec.listen[0].substr(spec.listen[0].rfind(':') + 1).c_str());
  kill(bench_.seen(ids[1]).pid, SIGKILL);
  ASSERT_TRUE(bench_.UntilGone(ids[1]));
  HttpStream load(bench_.loop, "127.0.0.1", port, 4, false);
  EXPECT_TRUE(bench_.Until([&] { return load.answers() > 100; }));
  EXPECT_EQ(load.bodies().count("1"), 0U);
  load.Finish();
  EXPECT_TRUE(bench_.Until([&] { return load.idle(); }));
  for (WorkerId id : {ids[0], ids[2]}) Stop(id);
}

TEST_F(WorkerRuntimeTest, AnAddressInUseFailsBeforeAnythingStarts) {
  AppSpec first = Server("first");
  WorkerId id = bench_.Start(first, 0, 1);
  ASSERT_TRUE(bench_.UntilReady(id));
  AppSpec second = Server("second");
  second.listen = first.listen;
  absl::Status prepared =
      bench_.runtime->PrepareSockets("second-uid", second, 2);
  EXPECT_TRUE(absl::StrContains(prepared.message(), "in use by app first"))
      << prepared;
  WorkerId refused = bench_.Start(second, 0, 2);
  ASSERT_TRUE(bench_.UntilGone(refused));
  EXPECT_EQ(bench_.seen(refused).exit.kind, WorkerExit::Kind::kListenFailed);
  Stop(id);
}

TEST_F(WorkerRuntimeTest, ExitsThatNoAgentSawAreToldToTheNext) {
  ASSERT_EQ(mkfifo((bench_.folder + "/fifo").c_str(), 0600), 0);
  WorkerId id = bench_.Start(
      Shell("late", "echo up; read x < fifo; echo last words; exit 5"), 0, 1);
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(id) == "up\n"; }));
  bench_.keeper.Freeze(true);
  bench_.runtime.reset();
  bench_.logs.reset();
  bench_.Write("fifo", "go\n");
  ASSERT_TRUE(bench_.Until([&] {
    Inventory inventory = bench_.keeper.TakeInventory();
    return inventory.processes.size() == 1 && inventory.processes[0].ended;
  }));
  std::vector<AdoptedWorker> adopted = bench_.Restart();
  EXPECT_EQ(adopted.size(), 1U);
  EXPECT_FALSE(bench_.seen(id).exited);
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_EQ(bench_.seen(id).exit.message, "exit code 5");
  EXPECT_EQ(bench_.Out(id), "last words\n");
  EXPECT_EQ(bench_.keeper.processes(), 0U);
}

TEST_F(WorkerRuntimeTest, SamplesLiveWorkers) {
  WorkerId id =
      bench_.Start(Shell("busy", "echo up; while :; do :; done"), 0, 1);
  // Before it runs, while it is being executed, it has no memory yet.
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(id) == "up\n"; }));
  std::vector<WorkerSample> samples = bench_.runtime->Sample();
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].id, id);
  EXPECT_GT(samples[0].rss_bytes, 0);
  bench_.runtime->Kill(id);
  EXPECT_TRUE(bench_.UntilGone(id));
  EXPECT_TRUE(bench_.runtime->Sample().empty());
}

}  // namespace
}  // namespace fleet::agent
