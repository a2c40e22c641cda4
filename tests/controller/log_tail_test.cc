#include "controller/log_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/log_tails.h"
#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::LogChunk Chunk(const std::vector<std::pair<int64_t, std::string>>& lines,
                   bool caught_up) {
  v1::LogChunk chunk;
  for (const auto& [second, text] : lines) {
    v1::LogLine& line = *chunk.add_lines();
    line.mutable_time()->set_seconds(second);
    line.set_text(text);
  }
  chunk.set_caught_up(caught_up);
  return chunk;
}

std::vector<std::string> Texts(const v1::TailLogsResponse& response) {
  std::vector<std::string> texts;
  for (const v1::LogLine& line : response.lines()) {
    texts.push_back(line.host() + " " + line.text());
  }
  return texts;
}

TEST(LogTail, PastOfAllHostsIsOrderedByTime) {
  LogTail tail({"a", "b"}, /*follow=*/false);
  tail.OnChunk("a", Chunk({{1, "one"}, {4, "four"}}, true));
  EXPECT_FALSE(tail.Next().has_value());
  tail.OnChunk("b", Chunk({{2, "two"}, {3, "three"}}, true));
  auto next = tail.Next();
  ASSERT_TRUE(next.has_value());
  EXPECT_THAT(Texts(*next), ElementsAre("a one", "b two", "b three", "a four"));
  EXPECT_TRUE(next->caught_up());
  EXPECT_TRUE(tail.Done());
}

TEST(LogTail, FollowedLinesComeAsTheyCome) {
  LogTail tail({"a", "b"}, /*follow=*/true);
  tail.OnChunk("a", Chunk({{1, "one"}}, true));
  tail.OnChunk("b", Chunk({}, true));
  EXPECT_TRUE(tail.Next()->caught_up());
  EXPECT_FALSE(tail.Next().has_value());
  tail.OnChunk("b", Chunk({{9, "nine"}}, false));
  tail.OnChunk("a", Chunk({{8, "eight"}}, false));
  auto next = tail.Next();
  EXPECT_THAT(Texts(*next), ElementsAre("b nine", "a eight"));
  EXPECT_FALSE(next->caught_up());
  EXPECT_FALSE(tail.Done());
}

TEST(LogTail, HostThatDoesNotAnswerIsNamedAndHoldsUpNobody) {
  LogTail tail({"a", "b"}, /*follow=*/false);
  tail.OnChunk("a", Chunk({{1, "one"}}, true));
  tail.OnWaitOver();
  auto next = tail.Next();
  EXPECT_THAT(Texts(*next), ElementsAre("a one"));
  EXPECT_THAT(next->unreachable_hosts(0), HasSubstr("b: "));
  EXPECT_TRUE(tail.Done());
}

TEST(LogTail, WithoutHostsItIsDoneAtOnce) {
  LogTail tail({}, /*follow=*/false);
  EXPECT_TRUE(tail.Next()->caught_up());
  EXPECT_TRUE(tail.Done());
}

TEST(LogTail, LinesBeyondItsBoundAreDroppedAndCounted) {
  LogTail tail({"a"}, /*follow=*/true);
  tail.OnChunk("a", Chunk({}, true));
  EXPECT_TRUE(tail.Next()->caught_up());
  const std::string text(64 << 10, 'x');
  for (int i = 0; i < 600; ++i) tail.OnChunk("a", Chunk({{1, text}}, false));
  int lines = 0;
  int64_t dropped = 0;
  while (auto next = tail.Next()) {
    lines += next->lines_size();
    dropped += next->dropped();
    EXPECT_LT(next->ByteSizeLong(), size_t{2} << 20);
  }
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(lines + dropped, 600);
}

// ------------------------------------------------------------- with hosts

class Reader : public LogReader {
 public:
  void OnLogsReady() override { ++news; }
  int news = 0;
};

class LogTailsTest : public testing::Test {
 protected:
  LogTailsTest() : one_(scene_.Agent("host-1")), two_(scene_.Agent("host-2")) {
    scene_.Apply(SpecOf("web"));
  }

  v1::TailLogsRequest Request(const std::string& app, bool follow) {
    v1::TailLogsRequest request;
    request.add_apps(app);
    request.set_follow(follow);
    return request;
  }

  const v1::Command* LastCommand(const FakeAgent& agent) {
    const v1::Command* last = nullptr;
    for (const v1::SessionResponse& response : agent.inbox) {
      if (response.has_command()) last = &response.command();
    }
    return last;
  }

  void Answer(FakeAgent& agent, int64_t second, const std::string& text) {
    v1::SessionRequest request;
    *request.mutable_log_chunk() = Chunk({{second, text}}, true);
    request.mutable_log_chunk()->set_command_id(LastCommand(agent)->id());
    agent.Say(request);
  }

  LogTails& tails() { return scene_.core().tails; }

  FleetScene scene_;
  std::unique_ptr<FakeAgent> one_;
  std::unique_ptr<FakeAgent> two_;
  Reader reader_;
};

TEST_F(LogTailsTest, AsksEveryHostOfTheAppAndMerges) {
  auto id = tails().Open(Request("web", false), reader_);
  ASSERT_TRUE(id.ok()) << id.status();
  ASSERT_NE(LastCommand(*one_), nullptr);
  EXPECT_EQ(LastCommand(*one_)->tail().lines(), 15);
  Answer(*two_, 2, "two");
  Answer(*one_, 1, "one");
  EXPECT_GT(reader_.news, 0);
  EXPECT_THAT(Texts(*tails().Next(*id)),
              ElementsAre("host-1 one", "host-2 two"));
  EXPECT_TRUE(tails().Done(*id));
  tails().Close(*id);
  EXPECT_TRUE(LastCommand(*one_)->has_cancel());
}

TEST_F(LogTailsTest, NamesAnInstanceAndRefusesWhatIsUnknown) {
  auto id = tails().Open(Request("web.1", false), reader_);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(LastCommand(*one_)->tail().apps(0), "web.1");
  tails().Close(*id);
  EXPECT_EQ(tails().Open(Request("wbe", false), reader_).status().code(),
            absl::StatusCode::kNotFound);
  v1::TailLogsRequest request = Request("web", false);
  request.set_lines(20'000);
  EXPECT_EQ(tails().Open(request, reader_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(LogTailsTest, HostThatIsAwayIsNamed) {
  two_->Disconnect();
  auto id = tails().Open(Request("web", false), reader_);
  Answer(*one_, 1, "one");
  auto next = tails().Next(*id);
  ASSERT_EQ(next->unreachable_hosts_size(), 1);
  EXPECT_THAT(next->unreachable_hosts(0), HasSubstr("host-2"));
  tails().Close(*id);
}

TEST_F(LogTailsTest, SilentHostIsNotWaitedForLongerThanTwoSeconds) {
  auto id = tails().Open(Request("web", false), reader_);
  Answer(*one_, 1, "one");
  scene_.Advance(absl::Seconds(1));
  EXPECT_FALSE(tails().Next(*id).has_value());
  scene_.Advance(absl::Seconds(2));
  EXPECT_THAT(Texts(*tails().Next(*id)), ElementsAre("host-1 one"));
  tails().Close(*id);
}

TEST_F(LogTailsTest, FollowedHostThatReturnsIsAskedForNewLinesOnly) {
  auto id = tails().Open(Request("web", true), reader_);
  Answer(*one_, 1, "one");
  Answer(*two_, 2, "two");
  ASSERT_TRUE(tails().Next(*id).has_value());
  two_->Disconnect();
  EXPECT_THAT(tails().Next(*id)->unreachable_hosts(0),
              HasSubstr("connection lost"));
  two_->Connect();
  ASSERT_NE(LastCommand(*two_), nullptr);
  EXPECT_EQ(LastCommand(*two_)->tail().lines(), 0);
  Answer(*two_, 5, "again");
  EXPECT_THAT(Texts(*tails().Next(*id)), ElementsAre("host-2 again"));
  tails().Close(*id);
}

TEST_F(LogTailsTest, ChunkOfAClosedTailIsIgnored) {
  auto id = tails().Open(Request("web", true), reader_);
  const std::string command = LastCommand(*one_)->id();
  tails().Close(*id);
  v1::SessionRequest request;
  request.mutable_log_chunk()->set_command_id(command);
  one_->Say(request);
  EXPECT_EQ(reader_.news, 0);
}

}  // namespace
}  // namespace fleet::controller
