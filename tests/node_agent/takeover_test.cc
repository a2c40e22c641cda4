// Programs that bind their ports themselves, and get their lane's socket.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node_agent/declared_address.h"
#include "node_agent/takeover_support.h"
#include "tests/node_agent/http_stream.h"
#include "tests/node_agent/worker_bench.h"

namespace fleet::agent {
namespace {

SocketAddress V6(const std::string& host, int port) {
  SocketAddress address;
  address.size = sizeof(sockaddr_in6);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(static_cast<uint16_t>(port));
  EXPECT_EQ(inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr), 1);
  return address;
}

SocketAddress V4(const std::string& host, int port) {
  return *MakeInetAddress(host, port, AF_INET);
}

TEST(MatchDeclaredTest, ByPortAndWhatTheHostsCover) {
  struct Case {
    const char* declared;
    SocketAddress wanted;
    bool ipv6_only;
    const char* key;  // Empty: no declared one.
    const char* display;
  };
  for (const Case& c : std::vector<Case>{
           {"tcp://0.0.0.0:80", V4("0.0.0.0", 80), false, "tcp:*:80",
            "0.0.0.0:80"},
           {"tcp://:80", V4("0.0.0.0", 80), false, "tcp:*:80", "0.0.0.0:80"},
           {"tcp://0.0.0.0:80", V6("::", 80), false, "tcp:*:80", "[::]:80"},
           {"tcp://:80", V6("::", 80), true, "tcp-v6only:*:80", "[::]:80"},
           // Less than declared is what the program says.
           {"tcp://:80", V4("127.0.0.1", 80), false, "tcp:127.0.0.1:80",
            "127.0.0.1:80"},
           {"tcp://:80", V6("::ffff:127.0.0.1", 80), false, "tcp:127.0.0.1:80",
            "127.0.0.1:80"},
           // More than declared is not given.
           {"tcp://127.0.0.1:80", V4("0.0.0.0", 80), false, "tcp:127.0.0.1:80",
            "127.0.0.1:80"},
           {"tcp://127.0.0.1:80", V4("127.0.0.2", 80), false, "", ""},
           {"tcp://:80", V4("0.0.0.0", 81), false, "", ""},
           {"tcp://:0", V4("0.0.0.0", 0), false, "", ""},
           {"unix:///run/a.sock", V4("0.0.0.0", 80), false, "", ""},
       }) {
    auto match = MatchDeclared({"tcp://:9", c.declared}, c.wanted, c.ipv6_only);
    EXPECT_EQ(match.has_value() ? match->Key() : "", c.key) << c.declared;
    EXPECT_EQ(match.has_value() ? match->Display() : "", c.display);
  }
}

TEST(MatchDeclaredTest, WhatIsNoAddressIsNone) {
  SocketAddress cut = V4("0.0.0.0", 80);
  cut.size = 4;
  EXPECT_FALSE(MatchDeclared({"tcp://:80"}, cut, false).has_value());
  EXPECT_FALSE(MatchDeclared({"tcp://:80"}, SocketAddress(), false));
  auto path = MakeUnixAddress("/run/a.sock");
  EXPECT_FALSE(MatchDeclared({"unix:///run/a.sock"}, *path, false));
}

// Binds its port itself; ends at SIGTERM once it has answered what it has.
constexpr char kServer[] = R"(
import http.server, os, signal, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ['FLEET_INSTANCE'].encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
server = Server(('', int(os.environ['PORT'])), Handler)
signal.signal(signal.SIGTERM,
              lambda *a: threading.Thread(target=server.shutdown).start())
print('serving', flush=True)
server.serve_forever()
server.server_close()
)";

class TakeoverTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::Status possible = CheckTakeoverSupport();
    if (!possible.ok()) GTEST_SKIP() << possible;
  }

  AppSpec Python(const std::string& name, const std::string& code) {
    AppSpec spec = bench_.Spec(name, bench_.Write(name + ".py", code));
    port_ = FreePort();
    spec.env["PORT"] = absl::StrCat(port_);
    spec.listen = {absl::StrCat("tcp://0.0.0.0:", port_)};
    spec.takeover = true;
    return spec;
  }

  static int FreePort() {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto name = MakeInetAddress("127.0.0.1", 0, AF_INET);
    EXPECT_EQ(bind(fd.get(), name->get(), name->size), 0);
    return LocalPort(fd.get());
  }

  bool UntilOut(WorkerId id, const std::string& text) {
    return bench_.Until([&] {
      return bench_.seen(id).exited || bench_.Out(id) == text;
    }) && bench_.Out(id) == text;
  }

  void Kill(WorkerId id) {
    bench_.runtime->Kill(id);
    EXPECT_TRUE(bench_.UntilGone(id));
  }

  WorkerBench bench_;
  int port_ = 0;
};

TEST_F(TakeoverTest, ReloadsOfAServerThatBindsItsPortLoseNoRequest) {
  AppSpec spec = Python("py", kServer);
  std::vector<WorkerId> ids;
  for (int slot = 0; slot < 2; ++slot) {
    ids.push_back(bench_.Start(spec, slot, 2));
  }
  for (WorkerId id : ids) {
    ASSERT_TRUE(UntilOut(id, "serving\n")) << bench_.Err(id);
  }
  EXPECT_EQ(bench_.keeper.CountHeld("sock/py-uid/"), 2);
  HttpStream load(bench_.loop, "127.0.0.1", port_, 4, false);
  for (size_t i = 0; i < 4; ++i) {
    WorkerId fresh = bench_.Start(spec, static_cast<int>(i % 2), 2);
    ASSERT_TRUE(UntilOut(fresh, "serving\n")) << bench_.Err(fresh);
    bench_.runtime->BeginStop(ids[i % 2]);
    ASSERT_TRUE(bench_.UntilGone(ids[i % 2]));
    EXPECT_EQ(bench_.seen(ids[i % 2]).exit.message, "exit code 0");
    ids[i % 2] = fresh;
  }
  EXPECT_EQ(load.failures(), 0) << load.first_failure();
  EXPECT_EQ(load.bodies().size(), 2U);
  load.Finish();
  EXPECT_TRUE(bench_.Until([&] { return load.idle(); }));
  for (WorkerId id : ids) Kill(id);
  EXPECT_EQ(bench_.keeper.CountHeld("bind/"), 0);
}

TEST_F(TakeoverTest, FlagsAreThoseOfTheSocketThatIsReplacedAndTheRestPasses) {
  AppSpec spec = Python("flags", R"(
import fcntl, os, socket
port = int(os.environ['PORT'])
def describe(s):
    fl, fd = fcntl.fcntl(s, fcntl.F_GETFL), fcntl.fcntl(s, fcntl.F_GETFD)
    print(bool(fl & os.O_NONBLOCK), bool(fd & fcntl.FD_CLOEXEC),
          s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
          s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), flush=True)
a = socket.socket()
a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
a.bind(('0.0.0.0', port))
a.listen(5)
describe(a)
b = socket.socket()
b.setblocking(False)
b.set_inheritable(True)
if os.fork() == 0:
    b.bind(('0.0.0.0', port))
    describe(b)
    os._exit(0)
os.wait()
c = socket.socket()
c.bind(('127.0.0.1', 0))
print(c.getsockname()[1] != port, c.getsockopt(socket.SOL_SOCKET,
      socket.SO_ACCEPTCONN), flush=True)
d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
d.bind(('0.0.0.0', port))
e = socket.socket(socket.AF_UNIX)
e.bind('here.sock')
try: a.bind(('0.0.0.0', port))
except OSError as error: print(error.errno)
else: print('again')
)");
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_EQ(bench_.seen(id).exit.message, "exit code 0") << bench_.Err(id);
  EXPECT_EQ(bench_.Out(id),
            "False True 1 1\n"
            "True False 1 0\n"
            "True 0\n"
            "again\n");
}

TEST_F(TakeoverTest, ABindWaitsWhileNoAgentLives) {
  AppSpec spec = Python("waits", R"(
import os, socket
print('up', flush=True)
open('go').read()
s = socket.socket()
s.bind(('0.0.0.0', int(os.environ['PORT'])))
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), flush=True)
open('end').read()
)");
  for (const char* name : {"go", "end"}) {
    ASSERT_EQ(mkfifo(absl::StrCat(bench_.folder, "/", name).c_str(), 0600), 0);
  }
  WorkerId id = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(UntilOut(id, "up\n"));
  // Killed before the worker binds, and gone while it does.
  ASSERT_EQ(bench_.Restart().size(), 1U);
  bench_.keeper.Freeze(true);
  bench_.runtime.reset();
  bench_.logs.reset();
  bench_.Write("go", "");
  bench_.loop.RunOnce(absl::Milliseconds(50));
  ASSERT_EQ(bench_.Restart().size(), 1U);
  ASSERT_TRUE(bench_.Until([&] { return bench_.Out(id) == "1\n"; }))
      << bench_.Err(id);
  bench_.Write("end", "");
  ASSERT_TRUE(bench_.UntilGone(id));
  EXPECT_EQ(bench_.seen(id).exit.message, "exit code 0") << bench_.Err(id);
}

TEST_F(TakeoverTest, APortOfAnotherAppIsAnErrorThatNamesIt) {
  WorkerId first = bench_.Start(Python("first", kServer), 0, 1);
  ASSERT_TRUE(UntilOut(first, "serving\n"));
  AppSpec spec = Python("second", kServer);
  spec.listen = {absl::StrCat("tcp://0.0.0.0:", bench_.Port("first"))};
  spec.env["PORT"] = absl::StrCat(bench_.Port("first"));
  WorkerId second = bench_.Start(spec, 0, 1);
  ASSERT_TRUE(bench_.UntilGone(second));
  const WorkerExit& exit = bench_.seen(second).exit;
  EXPECT_EQ(exit.kind, WorkerExit::Kind::kListenFailed);
  EXPECT_TRUE(absl::StrContains(exit.message, "in use by app first"))
      << exit.message;
  Kill(first);
}

TEST_F(TakeoverTest, AWorkerThatIsKilledInItsBindIsNoTrouble) {
  AppSpec spec = Python("stubborn", R"(
import os, socket
print('up', flush=True)
while True:
    s = socket.socket()
    s.bind(('0.0.0.0', int(os.environ['PORT'])))
)");
  for (int i = 0; i < 3; ++i) {
    WorkerId id = bench_.Start(spec, 0, 1);
    ASSERT_TRUE(UntilOut(id, "up\n"));
    Kill(id);
  }
  EXPECT_EQ(bench_.keeper.CountHeld("bind/"), 0);
}

}  // namespace
}  // namespace fleet::agent
