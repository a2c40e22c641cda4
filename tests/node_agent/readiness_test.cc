// The readiness gate, and the texts it is made of.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node_agent/notify_message.h"
#include "node_agent/probe.h"
#include "node_agent/readiness_state.h"
#include "node_agent/worker_exit_text.h"
#include "node_agent/worker_tag.h"

namespace fleet::agent {
namespace {

using P = ProbeKind;

TEST(ReadinessStateTest, WithNothingSetAStartedWorkerIsReady) {
  ReadinessState state(ReadinessGate(), /*node_cluster=*/false);
  EXPECT_FALSE(state.ready());
  EXPECT_EQ(state.detail(), "starting");
  state.OnStarted();
  EXPECT_TRUE(state.ready());
}

TEST(ReadinessStateTest, ANodeClusterWorkerMustListen) {
  ReadinessState state(ReadinessGate(), /*node_cluster=*/true);
  state.OnStarted();
  EXPECT_EQ(state.detail(),
            "waits for it to listen; a program that never does needs "
            "exec_mode: fork (start -x)");
  state.OnListening();
  EXPECT_TRUE(state.ready());
}

TEST(ReadinessStateTest, AllThatIsSetMustHold) {
  ReadinessGate gate;
  gate.wait_ready = true;
  gate.notify = true;
  gate.tcp = TcpProbe{80};
  ReadinessState state(gate, /*node_cluster=*/true);
  state.OnStarted();
  EXPECT_FALSE(state.WantsProbes());
  state.OnReadyMessage();
  EXPECT_EQ(state.detail(), "waits for READY=1");
  state.OnNotifyReady();
  EXPECT_TRUE(state.WantsProbes());
  EXPECT_FALSE(state.ready());
  state.OnProbe(P::kTcp, true, "connect to 1.2.3.4:80: connected");
  EXPECT_TRUE(state.ready());
}

TEST(ReadinessStateTest, ProbesCountInARow) {
  struct Case {
    std::string answers;  // '+' right, '-' wrong.
    bool ready;
  };
  ReadinessGate gate;
  gate.http = HttpProbe();
  gate.success_threshold = 2;
  gate.failure_threshold = 3;
  for (const Case& c : std::vector<Case>{{"", false},
                                         {"+", false},
                                         {"+-+", false},
                                         {"++", true},
                                         {"++--", true},
                                         {"++--+--", true},
                                         {"++---", false},
                                         {"++---+", false},
                                         {"++---++", true}}) {
    ReadinessState state(gate, false);
    state.OnStarted();
    for (char answer : c.answers) state.OnProbe(P::kHttp, answer == '+', "x");
    EXPECT_EQ(state.ready(), c.ready) << c.answers;
  }
}

TEST(ReadinessStateTest, AWorkerThatLeavesIsNotReadyAgain) {
  ReadinessState state(ReadinessGate(), false);
  state.OnStarted();
  state.OnLeaving();
  EXPECT_FALSE(state.ready());
  EXPECT_FALSE(state.detail().empty());
}

TEST(NotifyMessageTest, Assignments) {
  auto message = ParseNotifyMessage(
      "READY=1\nSTATUS=Serving\x1b[31m\nMAINPID=42\n"
      "EXTEND_TIMEOUT_USEC=5000000\nBARRIER=1\nX_OWN=1\n");
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->ready);
  EXPECT_TRUE(message->barrier);
  EXPECT_FALSE(message->stopping);
  EXPECT_EQ(message->status, "Serving [31m");
  EXPECT_EQ(message->main_pid, 42);
  EXPECT_EQ(message->extend_timeout, absl::Seconds(5));
}

TEST(NotifyMessageTest, Garbage) {
  EXPECT_FALSE(ParseNotifyMessage("").has_value());
  EXPECT_FALSE(ParseNotifyMessage("hello\n=x").has_value());
  auto message = ParseNotifyMessage("READY=yes\nMAINPID=-1\nSTOPPING=");
  ASSERT_TRUE(message.has_value());
  EXPECT_FALSE(message->ready);
  EXPECT_FALSE(message->main_pid.has_value());
  EXPECT_EQ(
      ParseNotifyMessage("STATUS=" + std::string(999, 'x'))->status->size(),
      256U);
  // Cut between characters, not within one.
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "\xc3\xa4";
  EXPECT_LE(ParseNotifyMessage("STATUS=x" + umlauts)->status->size(), 255U);
}

TEST(ProbeTest, StatusLines) {
  struct Case {
    const char* line;
    int status;
  };
  for (const Case& c : std::vector<Case>{{"HTTP/1.1 200 OK\r\n", 200},
                                         {"HTTP/1.0 503", 503},
                                         {"HTTP/2 200", 0},
                                         {"HTTP/1.1 xyz", 0},
                                         {"HTTP/1.1  200", 0},
                                         {"SSH-2.0-OpenSSH", 0},
                                         {"", 0}}) {
    EXPECT_EQ(ParseHttpStatus(c.line), c.status) << c.line;
  }
}

TEST(ProbeTest, BodyOfABadAnswerIsToldByItsFirstLine) {
  const std::string head = "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n";
  EXPECT_EQ(HttpBodyStart(head + "no db\x1b[0m\nat x"), "no db [0m");
  EXPECT_EQ(HttpBodyStart(head), "");
  EXPECT_EQ(HttpBodyStart("HTTP/1.1 503 No\r\n"), "");
  EXPECT_EQ(HttpBodyStart("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n"
                          "\r\n5\r\nno db\r\n0\r\n\r\n"),
            "no db");
  EXPECT_EQ(HttpBodyStart(head + std::string(200, 'x')),
            std::string(120, 'x') + "…");
  HttpTalk talk({8080, "/up", 0}, "127.0.0.1:8080");
  std::string reply;
  EXPECT_EQ(talk.OnBytes(head + "no db", &reply)->answer, "503 \"no db\"");
}

TEST(WorkerTagTest, IsReadBack) {
  WorkerIdentity identity;
  identity.id = 5;
  identity.app_uid = "u-1";
  identity.app = "web";
  identity.slot = 3;
  identity.generation = 8;
  identity.revision = 2;
  identity.start_time = absl::FromUnixMicros(1700000000123456);
  auto read = DecodeWorkerTag(5, EncodeWorkerTag(identity));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->app_uid, "u-1");
  EXPECT_EQ(read->app, "web");
  EXPECT_EQ(read->slot, 3);
  EXPECT_EQ(read->generation, 8);
  EXPECT_EQ(read->revision, 2);
  EXPECT_EQ(read->start_time, identity.start_time);
  for (const char* tag :
       {"", "w1", "w0\tu\tweb\t1\t1\t1\t1", "w1\tu\tweb\tx\t1\t1\t1"}) {
    EXPECT_FALSE(DecodeWorkerTag(5, tag).has_value()) << tag;
  }
}

TEST(WorkerTagTest, ProgressIsReadBack) {
  WorkerProgress progress;
  progress.ready_message = true;
  progress.stopping = true;
  progress.open = "k|0\ttcp:*:80\n";
  WorkerProgress read = WorkerProgress::FromText(progress.ToText());
  EXPECT_TRUE(read.ready_message);
  EXPECT_TRUE(read.stopping);
  EXPECT_FALSE(read.listening);
  EXPECT_FALSE(read.inside_line);
  EXPECT_EQ(read.open, progress.open);
  EXPECT_FALSE(WorkerProgress::FromText("").ready_message);
}

TEST(WorkerExitTextTest, InWords) {
  using Kind = ProcessExit::Kind;
  EXPECT_EQ(DescribeExit({Kind::kExited, 3}, "").message, "exit code 3");
  EXPECT_EQ(DescribeExit({Kind::kSignaled, 11}, "").message, "SIGSEGV");
  EXPECT_EQ(DescribeExit({Kind::kUnknown, 0}, "").kind,
            WorkerExit::Kind::kUnknown);
  WorkerExit refused = DescribeExit({Kind::kExited, 1}, "port 80 is taken");
  EXPECT_EQ(refused.kind, WorkerExit::Kind::kListenFailed);
  EXPECT_EQ(refused.message, "port 80 is taken (exit code 1)");
}

}  // namespace
}  // namespace fleet::agent
