// Node's channel with a socket pair, and its messages as tables.
#include "node_agent/node_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node_agent/action_calls.h"
#include "proto/rpc/clock.h"

namespace fleet::agent {
namespace {

using Kind = NodeMessage::Kind;

class NodeChannelTest : public ::testing::Test, public NodeChannel::Listener {
 protected:
  NodeChannelTest() {
    std::array<int, 2> ends{};
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
               ends.data());
    held_.Reset(ends[0]);
    child_.Reset(ends[1]);
    Open(false);
  }

  void Open(bool inside_line) {
    channel_ = std::make_unique<NodeChannel>(
        loop_, UniqueFd(fcntl(held_.get(), F_DUPFD_CLOEXEC, 0)), "web.0",
        inside_line, *this);
  }

  void OnNodeMessage(const NodeMessage& message) override {
    kinds_.push_back(message.kind);
    if (reply_and_die_) {
      // As if killed in the middle: what is in the socket stays there.
      channel_->Send("\"answer\"");
    }
  }
  void OnNodeChannelClosed() override { closed_ = true; }
  void OnLongLine(bool inside) override { long_lines_.push_back(inside); }

  void ChildWrites(const std::string& bytes) {
    ASSERT_EQ(send(child_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  void Turn(int turns = 3) {
    for (int i = 0; i < turns; ++i) loop_.RunOnce(absl::ZeroDuration());
  }
  // What the child has got, and how many descriptors with it.
  std::string ChildReads(int* fds = nullptr) {
    std::array<char, 65536> bytes;
    std::array<char, 256> control;
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t n = recvmsg(child_.get(), &message, MSG_DONTWAIT);
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); n > 0 && c != nullptr;
         c = CMSG_NXTHDR(&message, c)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c), sizeof fd);
      UniqueFd closed(fd);
      if (fds != nullptr) ++*fds;
    }
    return n > 0 ? std::string(bytes.data(), static_cast<size_t>(n)) : "";
  }
  void ChildSendsHandle(const std::string& line) {
    std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{const_cast<char*>(line.data()), line.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    int fd = 0;
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    ASSERT_GT(sendmsg(child_.get(), &message, 0), 0);
  }
  // Bytes that are still in the socket, for a later agent.
  size_t Unread() {
    std::array<char, 65536> bytes;
    ssize_t n =
        recv(held_.get(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  UniqueFd held_;  // The keeper's.
  UniqueFd child_;
  std::unique_ptr<NodeChannel> channel_;
  std::vector<Kind> kinds_;
  std::vector<bool> long_lines_;
  bool closed_ = false;
  bool reply_and_die_ = false;
};

TEST_F(NodeChannelTest, LinesInPiecesAndTogether) {
  ChildWrites("\"rea");
  Turn();
  EXPECT_TRUE(kinds_.empty());
  EXPECT_EQ(Unread(), 4U);  // A later agent could still read it whole.
  ChildWrites(
      "dy\"\n{\"a\":1}\n{\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\"}\n");
  Turn();
  EXPECT_EQ(kinds_,
            (std::vector<Kind>{Kind::kReady, Kind::kApp, Kind::kOnline}));
  EXPECT_EQ(Unread(), 0U);
}

TEST_F(NodeChannelTest, GarbageIsSkippedAndTheChannelLives) {
  ChildWrites("not json\n\n{\"cmd\":5}\n\"ready\"\n[[[\n");
  Turn();
  EXPECT_EQ(kinds_, (std::vector<Kind>{Kind::kApp, Kind::kReady}));
  EXPECT_EQ(channel_->skipped_lines(), 3);
  EXPECT_TRUE(channel_->open());
}

// Each level would cost an ack, and the text of all within it.
TEST_F(NodeChannelTest, ADescriptorWithinADescriptorsMessageIsSkipped) {
  ChildWrites(
      "{\"cmd\":\"NODE_HANDLE\",\"msg\":"
      "{\"cmd\":\"NODE_HANDLE\",\"msg\":\"ready\"}}\n\"ready\"\n");
  Turn();
  EXPECT_EQ(kinds_, std::vector<Kind>{Kind::kReady});
  EXPECT_EQ(channel_->skipped_lines(), 1);
  EXPECT_EQ(ChildReads(), "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
}

TEST_F(NodeChannelTest, NothingFollowsADescriptorBeforeItsAck) {
  ASSERT_TRUE(channel_->Send("\"one\"", 0));
  ASSERT_TRUE(channel_->Send("\"two\""));
  int fds = 0;
  EXPECT_EQ(ChildReads(&fds), "\"one\"\n");
  EXPECT_EQ(fds, 1);
  EXPECT_EQ(ChildReads(), "");
  ChildWrites("{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  Turn();
  EXPECT_EQ(ChildReads(), "\"two\"\n");
}

TEST_F(NodeChannelTest, ARefusedDescriptorIsSentThreeTimes) {
  ASSERT_TRUE(channel_->Send("\"one\"", 0));
  int fds = 0;
  for (int i = 0; i < 5; ++i) {
    ChildReads(&fds);
    ChildWrites("{\"cmd\":\"NODE_HANDLE_NACK\"}\n");
    Turn();
  }
  EXPECT_EQ(fds, 3);
  EXPECT_TRUE(channel_->Send("\"two\""));
  EXPECT_EQ(ChildReads(), "\"two\"\n");
}

TEST_F(NodeChannelTest, ADescriptorOfTheChildIsAckedAtOnce) {
  ASSERT_TRUE(channel_->Send("\"one\"", 0));
  ChildSendsHandle(
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":\"ready\"}\n");
  ChildWrites("\"ready\"\n");
  Turn();
  EXPECT_EQ(ChildReads(), "\"one\"\n");
  EXPECT_EQ(ChildReads(), "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  EXPECT_EQ(kinds_, (std::vector<Kind>{Kind::kReady, Kind::kReady}));
  EXPECT_EQ(Unread(), 0U);
}

TEST_F(NodeChannelTest, ALineStaysInTheSocketUntilItsAnswerIsSent) {
  ASSERT_TRUE(channel_->Send("\"handle\"", 0));
  reply_and_die_ = true;
  ChildWrites("{\"q\":1}\n");
  Turn();
  EXPECT_EQ(Unread(), 8U);
  // Killed here: the next agent sees the question again, and answers.
  Open(false);
  Turn();
  EXPECT_EQ(kinds_.size(), 2U);
  EXPECT_EQ(ChildReads(), "\"handle\"\n");
  EXPECT_EQ(ChildReads(), "\"answer\"\n");
  EXPECT_EQ(Unread(), 0U);
  // The ack is for the agent before.
  ChildWrites("{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  Turn();
  EXPECT_TRUE(channel_->open());
}

TEST_F(NodeChannelTest, ALineLongerThanTheSocketIsGathered) {
  std::string rest(400 << 10, 'x');
  rest = "{\"big\":\"" + rest + "\"}\n\"ready\"\n";
  while (!rest.empty()) {
    ssize_t n = send(child_.get(), rest.data(), rest.size(), 0);
    if (n > 0) rest.erase(0, static_cast<size_t>(n));
    Turn();
  }
  Turn(20);
  EXPECT_EQ(kinds_, (std::vector<Kind>{Kind::kApp, Kind::kReady}));
  EXPECT_EQ(long_lines_, (std::vector<bool>{true, false}));
}

TEST_F(NodeChannelTest, ALineThatStallsInAFullSocketIsGathered) {
  // Byte by byte the kernel's buffer is full long before 64 KiB.
  std::string line = absl::StrCat("\"", std::string(2000, 'x'), "\"\n");
  size_t at = 0;
  for (int i = 0; i < 1000 && at < line.size(); ++i) {
    while (at < line.size() && send(child_.get(), &line[at], 1, 0) == 1) ++at;
    loop_.RunOnce(absl::Milliseconds(100));
  }
  Turn(10);
  EXPECT_EQ(kinds_, (std::vector<Kind>{Kind::kApp}));
}

TEST_F(NodeChannelTest, TheRestOfALineOfTheAgentBeforeIsThrownAway) {
  Open(true);
  ChildWrites("xxx\"}\n\"ready\"\n");
  Turn();
  EXPECT_EQ(kinds_, (std::vector<Kind>{Kind::kReady}));
  EXPECT_EQ(channel_->skipped_lines(), 0);
}

TEST_F(NodeChannelTest, WhatWasWrittenBeforeTheEndIsRead) {
  ChildWrites("\"ready\"\n\"trunc");
  child_.Reset();
  Turn(5);
  EXPECT_EQ(kinds_, (std::vector<Kind>{Kind::kReady}));
  EXPECT_TRUE(closed_);
  EXPECT_FALSE(channel_->open());
  EXPECT_FALSE(channel_->Send("\"x\""));
}

TEST_F(NodeChannelTest, TheQueueIsBounded) {
  std::string line = absl::StrCat("\"", std::string(60000, 'x'), "\"");
  int sent = 0;
  while (sent < 1000 && channel_->Send(line)) ++sent;
  EXPECT_GT(sent, 200);
  EXPECT_LT(sent, 400);
  EXPECT_FALSE(channel_->Send(std::string(70000, 'x')));
}

TEST(NodeMessageTest, Kinds) {
  struct Case {
    const char* line;
    Kind kind;
  };
  for (const Case& c : std::vector<Case>{
           {"\"ready\"", Kind::kReady},
           {"\"other\"", Kind::kApp},
           {"5", Kind::kApp},
           {"{\"cmd\":\"custom\"}", Kind::kApp},
           {"{\"type\":\"axm:monitor\",\"data\":{}}", Kind::kMetrics},
           {"{\"type\":\"axm:monitor\",\"data\":[]}", Kind::kApp},
           {"{\"cmd\":\"NODE_CLUSTER\",\"act\":\"listening\"}",
            Kind::kListening},
           {"{\"cmd\":\"NODE_CLUSTER\",\"act\":\"new\"}", Kind::kOtherInternal},
           {"{\"cmd\":\"NODE_CLUSTER\",\"act\":7}", Kind::kOtherInternal},
           {"{\"cmd\":\"NODE_DEBUG_ENABLED\"}", Kind::kOtherInternal},
           {"{\"cmd\":\"NODE_HANDLE\",\"msg\":1}", Kind::kHandle},
           {"{\"cmd\":\"NODE_HANDLE_NACK\"}", Kind::kHandleNack},
           {"{\"cmd\":\"NODE_FLEET_DRAINING\"}", Kind::kDraining},
       }) {
    auto message = ParseNodeMessage(c.line);
    ASSERT_TRUE(message.has_value()) << c.line;
    EXPECT_EQ(message->kind, c.kind) << c.line;
  }
  EXPECT_FALSE(ParseNodeMessage("").has_value());
  EXPECT_FALSE(ParseNodeMessage("{\"a\":\"\xff\"}").has_value());
  // Too long to be Node's: not looked into, be it nonsense.
  EXPECT_EQ(ParseNodeMessage(std::string(70000, '['))->kind, Kind::kApp);
}

// To write it down again would take more stack than there is.
TEST(NodeMessageTest, WhatIsTooDeepIsNotLookedInto) {
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  auto query = ParseNodeMessage(
      "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\",\"data\":" + deep +
      "}");
  EXPECT_EQ(query->kind, Kind::kApp);
  auto handle =
      ParseNodeMessage("{\"cmd\":\"NODE_HANDLE\",\"msg\":" + deep + "}");
  EXPECT_EQ(handle->kind, Kind::kHandle);
  EXPECT_EQ(handle->inner, "");
  EXPECT_FALSE(NodeAppMessage(deep).ok());
}

TEST(NodeMessageTest, NumbersBeyondIntegersAreNone) {
  auto message = ParseNodeMessage(
      "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\",\"seq\":1e300,"
      "\"port\":-1e99}");
  EXPECT_EQ(message->seq, 0);
  EXPECT_EQ(message->query.port, 0);
}

TEST(NodeMessageTest, AUsersMessageIsJsonOrAString) {
  EXPECT_EQ(NodeAppMessage("hello \"you\"\n").value(), R"("hello \"you\"\n")");
  EXPECT_EQ(NodeAppMessage(R"( {"a": [1, 2]} )").value(), R"({"a":[1,2]})");
  EXPECT_EQ(NodeAppMessage("42").value(), "42");
  EXPECT_EQ(NodeAppMessage("").value(), R"("")");
  EXPECT_FALSE(
      NodeAppMessage(R"({"cmd": "NODE_CLUSTER", "act": "disconnect"})").ok());
}

TEST(NodeMessageTest, AQueryWithWrongTypesDoesNoHarm) {
  auto message = ParseNodeMessage(
      "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\",\"address\":5,"
      "\"port\":\"x\",\"addressType\":\"udp6\",\"fd\":null,\"seq\":\"1\","
      "\"data\":{\"k\":[1]}}");
  ASSERT_TRUE(message.has_value());
  EXPECT_FALSE(message->query.address.has_value());
  EXPECT_EQ(message->query.port, 0);
  EXPECT_TRUE(message->query.udp);
  EXPECT_EQ(message->query.address_type, 6);
  EXPECT_EQ(message->query.fd, -1);
  EXPECT_EQ(message->query.data, "{\"k\":[1]}");
}

TEST(NodeMessageTest, AnswersAsNodeReadsThem) {
  EXPECT_EQ(NodeHandleReply(false, "tcp:*:80|0", 1, "", 0),
            "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":"
            "{\"cmd\":\"NODE_CLUSTER\",\"errno\":0,\"key\":\"tcp:*:80|0\","
            "\"ack\":1,\"data\":null,\"seq\":0}}");
  EXPECT_EQ(NodeErrorReply(98, "a\"b", 2, 3),
            "{\"cmd\":\"NODE_CLUSTER\",\"errno\":-98,\"key\":\"a\\\"b\","
            "\"ack\":2,\"data\":null,\"seq\":3}");
}

TEST(NodeMessageTest, MetricsOfPm2sLibraryAreBounded) {
  using Metrics = std::map<std::string, std::string>;
  const auto metrics = [](const std::string& data) {
    return ParseNodeMessage(R"({"type":"axm:monitor","data":)" + data + "}")
        ->metrics;
  };
  EXPECT_EQ(metrics(R"({"users":{"value":42,"type":"app/users"},)"
                    R"("latency":{"value":"0.07","unit":"ms"},"on":5,)"
                    R"("none":{"value":null},"unitless":{}})"),
            (Metrics{{"users", "42"}, {"latency", "0.07 ms"}}));
  const std::string longest(kLongestMetric, 'x');
  EXPECT_EQ(metrics(absl::StrCat(R"({")", longest, R"(x":{"value":1},"a":{)",
                                 R"("value":")", longest,
                                 R"("},"b":{"value":")", longest, R"(x"}})")),
            (Metrics{{"a", longest}}));
  std::string many = "{";
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&many, i == 0 ? "" : ",", "\"m", i, R"(":{"value":1})");
  }
  EXPECT_EQ(metrics(many + "}").size(), kMostMetrics);
}

TEST(NodeMessageTest, ActionsOfPm2sLibraryAreKnown) {
  auto offered = ParseNodeMessage(
      R"({"type":"axm:action","data":{"action_name":"gc","arity":1}})");
  ASSERT_TRUE(offered.has_value());
  EXPECT_EQ(offered->kind, Kind::kAction);
  EXPECT_EQ(offered->key, "gc");
  auto reply = ParseNodeMessage(
      R"({"type":"axm:reply","data":{"action_name":"gc","return":{"n":[1]}}})");
  EXPECT_EQ(reply->kind, Kind::kActionReply);
  EXPECT_EQ(reply->key, "gc");
  EXPECT_EQ(reply->inner, R"({"n":[1]})");
  // Without a value; of another shape; of an app that says something similar.
  EXPECT_EQ(
      ParseNodeMessage(R"({"type":"axm:reply","data":{"action_name":"gc"}})")
          ->inner,
      "null");
  EXPECT_EQ(ParseNodeMessage(R"({"type":"axm:reply","data":5})")->kind,
            Kind::kApp);
  const std::string large(200 << 10, 'x');
  EXPECT_EQ(
      ParseNodeMessage(
          absl::StrCat(
              R"({"type":"axm:reply","data":{"action_name":"gc","return":")",
              large, R"("}})"))
          ->inner.size(),
      large.size() + 2);
  EXPECT_EQ(NodeActionMessage("gc", std::nullopt), R"("gc")");
  EXPECT_EQ(NodeActionMessage("gc", "now"), R"({"msg":"gc","opts":"now"})");
}

class ActionCallsTest : public ::testing::Test {
 protected:
  void Call(const std::string& action, absl::Status sent = absl::OkStatus()) {
    calls_->Call(
        {action, std::nullopt, absl::Seconds(5)},
        [this, sent](const std::string& line) {
          lines_.push_back(line);
          return sent;
        },
        [this, action](const absl::StatusOr<std::string>& value) {
          done_.push_back(
              action + ": " +
              (value.ok() ? *value : std::string(value.status().message())));
        });
  }
  void Tell(Kind kind, const std::string& action,
            const std::string& value = "") {
    NodeMessage message;
    message.kind = kind;
    message.key = action;
    message.inner = value;
    calls_->OnMessage(message);
  }
  void Turn() {
    for (int i = 0; i < 3; ++i) loop_.RunOnce(absl::ZeroDuration());
  }
  std::vector<std::string> Done() {
    Turn();
    return std::exchange(done_, {});
  }

  FakeClock clock_;
  EventLoop loop_{clock_};
  std::vector<std::string> lines_;
  std::vector<std::string> done_;
  std::unique_ptr<ActionCalls> calls_ =
      std::make_unique<ActionCalls>(loop_, "web.0");
};

TEST_F(ActionCallsTest, RepliesGoToTheCallsOfTheirActionInOrder) {
  Call("gc");
  Call("heap");
  Call("gc");
  Tell(Kind::kActionReply, "heap", "7");
  Tell(Kind::kActionReply, "gc", "1");
  EXPECT_EQ(Done(), (std::vector<std::string>{"heap: 7", "gc: 1"}));
  Tell(Kind::kActionReply, "gc", "2");
  Tell(Kind::kActionReply, "gc", "too many");
  EXPECT_EQ(Done(), (std::vector<std::string>{"gc: 2"}));
}

TEST_F(ActionCallsTest, AnActionThatIsNotOfferedIsNotAskedFor) {
  Tell(Kind::kAction, "gc");
  Tell(Kind::kAction, "heap");
  Call("gcc");
  EXPECT_EQ(Done(), (std::vector<std::string>{
                        "gcc: web.0 has no action \"gcc\"; it has: gc, heap"}));
  EXPECT_TRUE(lines_.empty());
  Call("gc", absl::FailedPreconditionError("no channel"));
  EXPECT_EQ(Done(), (std::vector<std::string>{"gc: no channel"}));
}

TEST_F(ActionCallsTest, WhoDoesNotReplyOrEndsIsSaid) {
  Call("gc");
  clock_.Advance(absl::Seconds(4));
  EXPECT_TRUE(Done().empty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Done(),
            (std::vector<std::string>{
                "gc: web.0 has not replied within 5s; does it use @pm2/io, and "
                "has it the action?"}));
  Call("gc");
  calls_.reset();
  EXPECT_EQ(
      Done(),
      (std::vector<std::string>{"gc: web.0 has ended before it replied"}));
}

TEST_F(ActionCallsTest, WhatIsTooMuchIsRefused) {
  Call("dump");
  Tell(Kind::kActionReply, "dump",
       std::string(ActionCalls::kMaxValue + 1, 'x'));
  ASSERT_EQ(Done().size(), 1u);
  for (size_t i = 0; i < ActionCalls::kMaxCalls; ++i) Call("slow");
  EXPECT_TRUE(Done().empty());
  Call("slow");
  EXPECT_EQ(Done(), (std::vector<std::string>{
                        "slow: web.0 has 64 actions to reply to already; try "
                        "again later"}));
}

}  // namespace
}  // namespace fleet::agent
