// Real Node workers under the runtime.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/node_agent/http_stream.h"
#include "tests/node_agent/worker_bench.h"

namespace fleet::agent {
namespace {

constexpr char kServer[] = R"(
const http = require('http');
const server = http.createServer((q, r) => r.end(String(process.pid)));
server.listen(0, () => process.send('ready'));
)";

// A PM2 app as its docs show it.
constexpr char kGraceful[] = R"(
const http = require('http');
const server = http.createServer((q, r) => {
  setTimeout(() => r.end(process.env.NODE_APP_INSTANCE), 1);
});
server.listen(0, () => process.send('ready'));
process.on('SIGINT', () => server.close(() => process.exit(0)));
)";

// server.close() and nothing else.
constexpr char kCloseOnly[] = R"(
const http = require('http');
const server = http.createServer((q, r) => r.end('x'));
server.listen(0, () => process.send('ready'));
process.on('SIGINT', () => server.close());
)";

class NodeClusterRuntimeTest : public ::testing::Test {
 protected:
  AppSpec Cluster(const std::string& name, const std::string& code) {
    AppSpec spec = bench_.Spec(name, bench_.Write(name + ".js", code));
    spec.exec_mode = ExecMode::kCluster;
    spec.stop.signal = "SIGINT";
    spec.stop.kill_timeout = absl::Seconds(8);
    return spec;
  }

  void StopAll(const std::vector<WorkerId>& ids) {
    for (WorkerId id : ids) bench_.runtime->BeginStop(id);
    for (WorkerId id : ids) EXPECT_TRUE(bench_.UntilGone(id)) << id;
  }

  // Starts `count` workers and waits until all are ready.
  std::vector<WorkerId> StartReady(const AppSpec& spec, int count) {
    std::vector<WorkerId> ids;
    for (int slot = 0; slot < count; ++slot) {
      ids.push_back(bench_.Start(spec, slot, count));
    }
    for (WorkerId id : ids) {
      EXPECT_TRUE(bench_.UntilReady(id))
          << bench_.seen(id).exit.message << bench_.Err(id);
    }
    return ids;
  }

  // One fleet reload of this host: each slot's successor first.
  void Reload(const AppSpec& spec, std::vector<WorkerId>& ids) {
    for (size_t slot = 0; slot < ids.size(); ++slot) {
      WorkerId fresh = bench_.Start(spec, static_cast<int>(slot),
                                    static_cast<int>(ids.size()));
      ASSERT_TRUE(bench_.UntilReady(fresh)) << bench_.Err(fresh);
      bench_.runtime->BeginStop(ids[slot]);
      ASSERT_TRUE(bench_.UntilGone(ids[slot]));
      EXPECT_EQ(bench_.seen(ids[slot]).exit.message, "exit code 0");
      ids[slot] = fresh;
    }
  }

  struct Answers {
    int64_t kept_alive;
    int64_t closed;
  };
  // Two workers are reloaded so often while clients ask, some on connections
  // that stay open; none of them may see an error.
  Answers ReloadUnderLoad(const AppSpec& spec, int reloads) {
    std::vector<WorkerId> ids = StartReady(spec, 2);
    int port = bench_.Port(spec.name);
    HttpStream keep(bench_.loop, "127.0.0.1", port, 16, true);
    HttpStream close(bench_.loop, "127.0.0.1", port, 4, false);
    for (int i = 0; i < reloads; ++i) Reload(spec, ids);
    EXPECT_EQ(keep.failures(), 0) << keep.first_failure();
    EXPECT_EQ(close.failures(), 0) << close.first_failure();
    const Answers answers{keep.answers(), close.answers()};
    keep.Finish();
    close.Finish();
    EXPECT_TRUE(bench_.Until([&] { return keep.idle() && close.idle(); }));
    StopAll(ids);
    return answers;
  }

  WorkerBench bench_;
};

TEST_F(NodeClusterRuntimeTest, WorkersShareOnePortAndEachGetsRequests) {
  AppSpec spec = Cluster("web", kServer);
  std::vector<WorkerId> ids = StartReady(spec, 3);
  EXPECT_EQ(bench_.keeper.CountHeld("sock/web-uid/"), 3);
  HttpStream load(bench_.loop, "127.0.0.1", bench_.Port("web"), 4, false);
  EXPECT_TRUE(bench_.Until([&] { return load.answers() > 300; }));
  EXPECT_EQ(load.bodies().size(), 3U);
  EXPECT_EQ(load.failures(), 0) << load.first_failure();
  load.Finish();
  EXPECT_TRUE(bench_.Until([&] { return load.idle(); }));
  StopAll(ids);
  EXPECT_EQ(bench_.seen(ids[0]).exit.message, "exit code 0");
  EXPECT_EQ(bench_.keeper.CountHeld("ipc/"), 0);
  EXPECT_EQ(bench_.keeper.CountHeld("log/"), 0);
  EXPECT_EQ(bench_.keeper.CountHeld("note/"), 0);
  bench_.runtime->ReleaseApp("web-uid");
  EXPECT_EQ(bench_.keeper.CountHeld("sock/"), 0);
  EXPECT_EQ(bench_.keeper.CountHeld("order/"), 0);
}

TEST_F(NodeClusterRuntimeTest, WaitReadyNeedsTheMessage) {
  AppSpec spec = Cluster("late", R"(
    require('http').createServer().listen(0, () => console.log('listens'));
    process.on('SIGUSR2', () => process.send('ready'));)");
  spec.readiness.wait_ready = true;
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.Until(
      [&] { return absl::StrContains(bench_.Out(id), "listens"); }));
  ASSERT_TRUE(bench_.Until([&] { return !bench_.seen(id).detail.empty(); }));
  EXPECT_FALSE(bench_.seen(id).ready);
  EXPECT_EQ(bench_.seen(id).detail, "waits for process.send('ready')");
  kill(bench_.seen(id).pid, SIGUSR2);
  EXPECT_TRUE(bench_.UntilReady(id));
  StopAll({id});
}

TEST_F(NodeClusterRuntimeTest, ReloadsLoseNoRequestOfAGracefulApp) {
  AppSpec spec = Cluster("graceful", kGraceful);
  spec.readiness.wait_ready = true;
  const Answers answers = ReloadUnderLoad(spec, 3);
  EXPECT_GT(answers.kept_alive, 100);
  EXPECT_GT(answers.closed, 100);
}

TEST_F(NodeClusterRuntimeTest, ReloadsLoseNoRequestOfAnAppThatHandlesNothing) {
  AppSpec spec =
      Cluster("plain", absl::StrCat(kServer, "setInterval(() => {}, 1e6);"));
  ReloadUnderLoad(spec, 2);
}

TEST_F(NodeClusterRuntimeTest, AppThatOnlyClosesItsServerEndsAndLosesNothing) {
  ReloadUnderLoad(Cluster("closeonly", kCloseOnly), 2);
}

TEST_F(NodeClusterRuntimeTest, FewerSlotsAndMoreAgainLoseNoRequest) {
  AppSpec spec = Cluster("scaled", kGraceful);
  std::vector<WorkerId> ids = StartReady(spec, 3);
  HttpStream close(bench_.loop, "127.0.0.1", bench_.Port("scaled"), 8, false);
  for (int i = 0; i < 3; ++i) {
    bench_.runtime->ReleaseSlot("scaled-uid", 2);
    bench_.runtime->BeginStop(ids[2]);
    ASSERT_TRUE(bench_.UntilGone(ids[2]));
    EXPECT_EQ(bench_.keeper.CountHeld("sock/"), 2);
    ids[2] = bench_.Start(spec, 2, 3);
    ASSERT_TRUE(bench_.UntilReady(ids[2]));
    EXPECT_EQ(bench_.keeper.CountHeld("sock/"), 3);
  }
  EXPECT_EQ(close.failures(), 0) << close.first_failure();
  close.Finish();
  EXPECT_TRUE(bench_.Until([&] { return close.idle(); }));
  StopAll(ids);
}

TEST_F(NodeClusterRuntimeTest, PortOfAnotherAppIsAnErrorThatNamesIt) {
  std::vector<WorkerId> first = StartReady(Cluster("one", kServer), 1);
  std::string code = absl::StrCat("require('http').createServer().listen(",
                                  bench_.Port("one"), ")");
  WorkerId second = bench_.Start(Cluster("two", code), 0, 1);
  ASSERT_TRUE(bench_.UntilGone(second));
  const WorkerExit& exit = bench_.seen(second).exit;
  EXPECT_EQ(exit.kind, WorkerExit::Kind::kListenFailed);
  EXPECT_TRUE(absl::StrContains(exit.message, "in use by app one"))
      << exit.message;
  EXPECT_TRUE(absl::StrContains(bench_.Err(second), "EADDRINUSE"));
  StopAll(first);
}

TEST_F(NodeClusterRuntimeTest, ClosesAndListensAgain) {
  AppSpec spec = Cluster("again", R"(
    const http = require('http');
    const server = http.createServer((q, r) => r.end('x'));
    let first;
    server.on('listening', () => {
      const port = server.address().port;
      if (first === undefined) {
        first = port;
        return server.close(() => server.listen(first));
      }
      console.log('again', port === first);
      http.createServer().on('error', (e) => {
        console.log('twice', e.code);
        process.send('ready');
      }).listen(first);
    });
    server.listen(0);)");
  spec.readiness.wait_ready = true;
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilReady(id)) << bench_.Err(id);
  EXPECT_EQ(bench_.Out(id), "again true\ntwice EADDRINUSE\n");
  StopAll({id});
}

TEST_F(NodeClusterRuntimeTest, UdpWorkersGetDatagrams) {
  AppSpec spec = Cluster("udp", R"(
    const s = require('dgram').createSocket('udp4');
    s.on('message', (m, from) => s.send(m, from.port, from.address));
    s.bind(0);)");
  std::vector<WorkerId> ids = StartReady(spec, 2);
  UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  auto name = MakeInetAddress("127.0.0.1", bench_.Port("udp"), AF_INET);
  ASSERT_EQ(sendto(fd.get(), "ping", 4, 0, name->get(), name->size), 4);
  std::string answer(4, ' ');
  ASSERT_TRUE(bench_.Until(
      [&] { return recv(fd.get(), answer.data(), 4, MSG_DONTWAIT) == 4; }));
  EXPECT_EQ(answer, "ping");
  for (WorkerId id : ids) bench_.runtime->Kill(id);
  for (WorkerId id : ids) EXPECT_TRUE(bench_.UntilGone(id));
}

TEST_F(NodeClusterRuntimeTest, UnixPathIsSharedAndGoesWithTheApp) {
  std::string path = bench_.folder + "/web.sock";
  std::vector<WorkerId> ids = StartReady(
      Cluster("unix", absl::StrCat("require('http').createServer((q, r) => "
                                   "r.end('x')).listen('",
                                   path, "')")),
      2);
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  EXPECT_EQ(bench_.keeper.CountHeld("sock/unix-uid/"), 1);
  StopAll(ids);
  bench_.runtime->ReleaseApp("unix-uid");
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(NodeClusterRuntimeTest, AnAgentGoesOnWithWorkersOfTheOneBeforeIt) {
  AppSpec spec = Cluster("kept", kGraceful);
  spec.readiness.wait_ready = true;
  std::vector<WorkerId> ids = StartReady(spec, 2);
  int port = bench_.Port("kept");
  HttpStream keep(bench_.loop, "127.0.0.1", port, 8, true);
  HttpStream close(bench_.loop, "127.0.0.1", port, 4, false);
  ASSERT_TRUE(bench_.Until([&] { return close.answers() > 50; }));
  std::vector<AdoptedWorker> adopted = bench_.Restart();
  ASSERT_EQ(adopted.size(), 2U);
  for (const AdoptedWorker& worker : adopted) {
    EXPECT_TRUE(worker.ready);
    EXPECT_EQ(worker.identity.generation, 7);
    EXPECT_EQ(worker.identity.app, "kept");
  }
  Reload(spec, ids);
  EXPECT_EQ(bench_.Port("kept"), port);
  EXPECT_EQ(keep.failures(), 0) << keep.first_failure();
  EXPECT_EQ(close.failures(), 0) << close.first_failure();
  keep.Finish();
  close.Finish();
  EXPECT_TRUE(bench_.Until([&] { return keep.idle() && close.idle(); }));
  StopAll(ids);
}

TEST_F(NodeClusterRuntimeTest, OneSocketForAllWhenTheSpecSaysSo) {
  AppSpec spec = Cluster("shared", kGraceful);
  spec.socket_sharing = SocketSharing::kShared;
  std::vector<WorkerId> ids = StartReady(spec, 2);
  EXPECT_EQ(bench_.keeper.CountHeld("sock/shared-uid/"), 1);
  HttpStream close(bench_.loop, "127.0.0.1", bench_.Port("shared"), 8, false);
  Reload(spec, ids);
  EXPECT_EQ(close.failures(), 0) << close.first_failure();
  close.Finish();
  EXPECT_TRUE(bench_.Until([&] { return close.idle(); }));
  StopAll(ids);
}

TEST_F(NodeClusterRuntimeTest, AnAddressThatNoRevisionUsesAnyMoreIsClosed) {
  AppSpec spec = Cluster("moved", R"(
    require('http').createServer().listen(0, process.env.AT);)");
  spec.env["AT"] = "127.0.0.1";
  std::vector<WorkerId> ids = StartReady(spec, 1);
  spec.env["AT"] = "127.0.0.2";
  Reload(spec, ids);
  EXPECT_EQ(bench_.keeper.CountHeld("sock/moved-uid/tcp:127.0.0.1:"), 0);
  EXPECT_EQ(bench_.keeper.CountHeld("sock/moved-uid/tcp:127.0.0.2:"), 1);
  StopAll(ids);
}

TEST_F(NodeClusterRuntimeTest, WithoutThePreloadTheSignalIsSent) {
  AppSpec spec = Cluster("bare", kGraceful);
  spec.graceful_drain = false;
  std::vector<WorkerId> ids = StartReady(spec, 1);
  StopAll(ids);
  EXPECT_EQ(bench_.seen(ids[0]).exit.message, "exit code 0");
}

TEST_F(NodeClusterRuntimeTest, ABlockedWorkerThatCannotDrainGetsTheSignal) {
  AppSpec spec = Cluster("blocked", R"(
    require('http').createServer().listen(0);
    process.once('message', () => { for (;;) {} });
    process.removeAllListeners('internalMessage');
    setTimeout(() => { for (;;) {} }, 300);)");
  spec.stop.kill_timeout = absl::Milliseconds(600);
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.Until([&] { return bench_.seen(id).pid != 0; }));
  bench_.runtime->BeginStop(id);
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_EQ(bench_.seen(id).exit.message, "SIGINT");
}

TEST_F(NodeClusterRuntimeTest, ShutdownIsAMessageWhenTheSpecSaysSo) {
  AppSpec spec = Cluster("message", R"(
    require('http').createServer().listen(0);
    process.on('message', (m) => {
      console.log('got', m);
      process.exit(m === 'shutdown' ? 0 : 1);
    });)");
  spec.stop.shutdown_with_message = true;
  std::vector<WorkerId> ids = StartReady(spec, 1);
  StopAll(ids);
  EXPECT_EQ(bench_.Out(ids[0]), "got shutdown\n");
  EXPECT_EQ(bench_.seen(ids[0]).exit.message, "exit code 0");
}

TEST_F(NodeClusterRuntimeTest, WhatTheAppForksDoesNotLoadThePreload) {
  AppSpec spec = Cluster("forks", R"(
    if (process.argv[2] === 'child') {
      process.send({argv: process.execArgv,
                    unique: process.env.NODE_UNIQUE_ID || null});
    } else {
      const child = require('child_process').fork(__filename, ['child']);
      child.on('message', (m) => {
        console.log(JSON.stringify(m), JSON.stringify(process.execArgv));
        process.send('ready');
      });
    })");
  spec.readiness.wait_ready = true;
  std::vector<WorkerId> ids = StartReady(spec, 1);
  EXPECT_EQ(bench_.Out(ids[0]), "{\"argv\":[],\"unique\":null} []\n");
  bench_.runtime->Kill(ids[0]);
  EXPECT_TRUE(bench_.UntilGone(ids[0]));
}

TEST_F(NodeClusterRuntimeTest, LongMessagesAndHandlesOfTheWorkerAreNoTrouble) {
  AppSpec spec = Cluster("chatty", R"(
    const net = require('net');
    process.send({big: 'x'.repeat(3 << 20)});
    const s = net.createServer().listen({port: 0, exclusive: true}, () => {
      process.send({with: 'a handle'}, s, () => {
        for (let i = 0; i < 2000; i++) process.send({i});
        process.send('ready');
      });
    });)");
  spec.readiness.wait_ready = true;
  std::vector<WorkerId> ids = StartReady(spec, 1);
  bench_.runtime->Kill(ids[0]);
  EXPECT_TRUE(bench_.UntilGone(ids[0]));
}

}  // namespace
}  // namespace fleet::agent
