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
    line.set_position(second);
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

const absl::Time kNow = absl::FromUnixSeconds(100);

TEST(LogTail, PastOfAllHostsIsOrderedByTime) {
  LogTail tail({"a", "b"}, /*follow=*/false);
  tail.OnChunk("a", Chunk({{1, "one"}, {4, "four"}}, true), kNow);
  EXPECT_FALSE(tail.Next(kNow).has_value());
  tail.OnChunk("b", Chunk({{2, "two"}, {3, "three"}}, true), kNow);
  auto next = tail.Next(kNow);
  ASSERT_TRUE(next.has_value());
  EXPECT_THAT(Texts(*next), ElementsAre("a one", "b two", "b three", "a four"));
  EXPECT_TRUE(next->caught_up());
  EXPECT_TRUE(tail.Done());
}

TEST(LogTail, PastIsReadableAsFarAsEveryHostIs) {
  LogTail tail({"a", "b"}, /*follow=*/false);
  tail.OnChunk("a", Chunk({{1, "one"}, {4, "four"}, {9, "nine"}}, false), kNow);
  v1::LogChunk progress;
  progress.mutable_scanned_to()->set_seconds(3);
  tail.OnChunk("b", progress, kNow);
  auto next = tail.Next(kNow);
  ASSERT_TRUE(next.has_value());
  EXPECT_THAT(Texts(*next), ElementsAre("a one"));
  EXPECT_FALSE(next->caught_up());
  tail.OnChunk("b", Chunk({{5, "five"}}, false), kNow);
  EXPECT_THAT(Texts(*tail.Next(kNow)), ElementsAre("a four", "b five"));
  EXPECT_FALSE(tail.Next(kNow).has_value());
  tail.OnChunk("b", Chunk({}, true), kNow);
  EXPECT_THAT(Texts(*tail.Next(kNow)), ElementsAre("a nine"));
  EXPECT_FALSE(tail.Done());
}

TEST(LogTail, FollowedLinesWaitForEarlierOnesOfOtherHosts) {
  LogTail tail({"a", "b"}, /*follow=*/true);
  tail.OnChunk("a", Chunk({{1, "one"}}, true), kNow);
  tail.OnChunk("b", Chunk({}, true), kNow);
  EXPECT_TRUE(tail.Next(kNow)->caught_up());
  EXPECT_FALSE(tail.Next(kNow).has_value());
  tail.OnChunk("b", Chunk({{9, "nine"}}, false), kNow);
  EXPECT_FALSE(tail.Next(kNow).has_value());
  EXPECT_EQ(tail.next_time(), kNow + LogTail::kOrderWait);
  tail.OnChunk("a", Chunk({{8, "eight"}}, false), kNow + absl::Milliseconds(9));
  auto next = tail.Next(kNow + LogTail::kOrderWait + absl::Milliseconds(9));
  EXPECT_THAT(Texts(*next), ElementsAre("a eight", "b nine"));
  EXPECT_FALSE(next->caught_up());
  EXPECT_EQ(next->late(), 0);
  tail.OnChunk("a", Chunk({{7, "seven"}}, false), kNow);
  next = tail.Next(kNow + absl::Seconds(1));
  EXPECT_THAT(Texts(*next), ElementsAre("a seven"));
  EXPECT_EQ(next->late(), 1);
  EXPECT_FALSE(tail.Done());
}

TEST(LogTail, FollowedLinesOfOneHostComeAtOnce) {
  LogTail tail({"a"}, /*follow=*/true);
  tail.OnChunk("a", Chunk({}, true), kNow);
  tail.Next(kNow);
  tail.OnChunk("a", Chunk({{9, "nine"}}, false), kNow);
  EXPECT_THAT(Texts(*tail.Next(kNow)), ElementsAre("a nine"));
}

TEST(LogTail, HostThatDoesNotAnswerIsNamedAndHoldsUpNobody) {
  LogTail tail({"a", "b"}, /*follow=*/false);
  tail.OnChunk("a", Chunk({{1, "one"}}, false), kNow);
  tail.OnWaitOver();
  auto next = tail.Next(kNow);
  EXPECT_THAT(Texts(*next), ElementsAre("a one"));
  EXPECT_THAT(next->unreachable_hosts(0), HasSubstr("b: "));
  // This one has sent something that was not read yet: it is waited for.
  EXPECT_TRUE(tail.collecting());
  tail.OnChunk("a", Chunk({}, true), kNow);
  EXPECT_TRUE(tail.Next(kNow)->caught_up());
  EXPECT_TRUE(tail.Done());
}

TEST(LogTail, WithoutHostsItIsDoneAtOnce) {
  LogTail tail({}, /*follow=*/false);
  EXPECT_TRUE(tail.Next(kNow)->caught_up());
  EXPECT_TRUE(tail.Done());
}

TEST(LogTail, WhatWasReadIsGivenBackToTheHost) {
  LogTail tail({"a"}, /*follow=*/true);
  const v1::LogChunk chunk = Chunk(
      {{1, std::string(50'000, 'x')}, {2, std::string(50'000, 'x')}}, false);
  const auto bytes = static_cast<int64_t>(chunk.ByteSizeLong());
  for (int i = 0; i < 20; ++i) tail.OnChunk("a", chunk, kNow);
  EXPECT_EQ(tail.TakeRead("a", 1), 0);
  int64_t read = 0;
  while (auto next = tail.Next(kNow)) {
    EXPECT_LT(next->ByteSizeLong(), size_t{2} << 20);
    EXPECT_EQ(tail.TakeRead("a", 1 << 30), 0);
    read += tail.TakeRead("a", 1);
  }
  EXPECT_EQ(read, 20 * bytes);
  v1::LogChunk empty;
  empty.mutable_scanned_to()->set_seconds(3);
  tail.OnChunk("a", empty, kNow);
  EXPECT_EQ(tail.TakeRead("a", 1), static_cast<int64_t>(empty.ByteSizeLong()));
}

TEST(LogTail, LinesThatComeTwiceAreReadOnce) {
  LogTail tail({"a"}, /*follow=*/true);
  tail.OnChunk("a", Chunk({{1, "one"}, {2, "two"}}, true), kNow);
  tail.Next(kNow);
  tail.OnHostLost("a", "connection lost");
  EXPECT_EQ(tail.Newest("a"), absl::FromUnixSeconds(2));
  tail.OnHostBack("a");
  tail.OnChunk("a", Chunk({{2, "two"}, {3, "three"}}, true), kNow);
  EXPECT_THAT(Texts(*tail.Next(kNow)), ElementsAre("a three"));
}

TEST(LogTail, NotesAndWhatWasSkippedAreTold) {
  LogTail tail({"a"}, /*follow=*/true);
  v1::LogChunk chunk;
  chunk.set_skipped_bytes(7);
  chunk.add_notes("the disk is full");
  tail.OnChunk("a", chunk, kNow);
  auto next = tail.Next(kNow);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->skipped_bytes(), 7);
  EXPECT_THAT(next->notes(), ElementsAre("a: the disk is full"));
  EXPECT_FALSE(tail.Next(kNow).has_value());
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

  // But for those that only let it send more.
  const v1::Command* LastCommand(const FakeAgent& agent) {
    const v1::Command* last = nullptr;
    for (const v1::SessionResponse& response : agent.inbox) {
      if (response.has_command() && !response.command().has_more()) {
        last = &response.command();
      }
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

TEST_F(LogTailsTest, FollowedHostThatReturnsIsAskedForWhatCameSince) {
  auto id = tails().Open(Request("web", true), reader_);
  Answer(*one_, 1, "one");
  Answer(*two_, 2, "two");
  ASSERT_TRUE(tails().Next(*id).has_value());
  two_->Disconnect();
  EXPECT_THAT(tails().Next(*id)->unreachable_hosts(0),
              HasSubstr("connection lost"));
  two_->Connect();
  ASSERT_NE(LastCommand(*two_), nullptr);
  EXPECT_EQ(LastCommand(*two_)->tail().lines(), -1);
  EXPECT_EQ(LastCommand(*two_)->tail().filter().since().seconds(), 2);
  Answer(*two_, 2, "two");
  Answer(*two_, 5, "again");
  scene_.Advance(absl::Seconds(1));
  EXPECT_THAT(Texts(*tails().Next(*id)), ElementsAre("host-2 again"));
  tails().Close(*id);
}

TEST_F(LogTailsTest, AHostThatIsCutOffIsNamedWithTheReason) {
  auto id = tails().Open(Request("web", true), reader_);
  Answer(*one_, 1, "one");
  Answer(*two_, 2, "two");
  ASSERT_TRUE(tails().Next(*id).has_value());
  scene_.core().sessions.Cut("host-2", "its certificates are revoked");
  EXPECT_THAT(tails().Next(*id)->unreachable_hosts(0),
              HasSubstr("host-2: its certificates are revoked"));
  tails().Close(*id);
}

TEST_F(LogTailsTest, HostMaySendMoreWhenItsLinesWereRead) {
  auto id = tails().Open(Request("web", true), reader_);
  const int64_t window = LastCommand(*one_)->tail().window_bytes();
  EXPECT_GT(window, 0);
  Answer(*one_, 1, std::string(static_cast<size_t>(window), 'x'));
  EXPECT_FALSE(one_->inbox.back().command().has_more());
  Answer(*two_, 2, "two");
  ASSERT_TRUE(tails().Next(*id).has_value());
  ASSERT_TRUE(one_->inbox.back().command().has_more());
  EXPECT_EQ(one_->inbox.back().command().more().id(), LastCommand(*one_)->id());
  EXPECT_GE(one_->inbox.back().command().more().bytes(), window);
  tails().Close(*id);
}

TEST_F(LogTailsTest, LinesSinceATimeAreAllUnlessANumberIsGiven) {
  v1::TailLogsRequest request = Request("web", false);
  request.mutable_filter()->mutable_since()->set_seconds(7);
  request.mutable_filter()->set_grep("error");
  auto id = tails().Open(request, reader_);
  EXPECT_EQ(LastCommand(*one_)->tail().lines(), -1);
  EXPECT_EQ(LastCommand(*one_)->tail().filter().grep(), "error");
  tails().Close(*id);
  request.set_lines(0);
  id = tails().Open(request, reader_);
  EXPECT_EQ(LastCommand(*one_)->tail().lines(), 0);
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
