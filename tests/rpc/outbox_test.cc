#include "proto/rpc/outbox.h"

#include <gtest/gtest.h>

#include <string>

namespace fleet {
namespace {

// Writes one message, as a stream would; "-" when there is none.
std::string WriteOne(Outbox<std::string>& outbox) {
  const std::string* message = outbox.BeginWrite();
  if (message == nullptr) return "-";
  std::string copy = *message;
  outbox.EndWrite();
  return copy;
}

TEST(Outbox, GivesOneMessageAtATimeInOrder) {
  Outbox<std::string> outbox(10);
  EXPECT_EQ(outbox.BeginWrite(), nullptr);
  EXPECT_TRUE(outbox.Push("a"));
  EXPECT_TRUE(outbox.Push("b"));
  EXPECT_EQ(*outbox.BeginWrite(), "a");
  EXPECT_TRUE(outbox.is_writing());
  EXPECT_EQ(outbox.BeginWrite(), nullptr);
  outbox.EndWrite();
  EXPECT_EQ(WriteOne(outbox), "b");
  EXPECT_EQ(WriteOne(outbox), "-");
}

TEST(Outbox, DropsAndCountsWhatDoesNotFit) {
  Outbox<std::string> outbox(2);
  EXPECT_TRUE(outbox.Push("a"));
  EXPECT_TRUE(outbox.PushLatest("k", "b"));
  EXPECT_FALSE(outbox.Push("c"));
  EXPECT_FALSE(outbox.PushLatest("other", "d"));
  EXPECT_TRUE(outbox.PushLatest("k", "b2"));
  EXPECT_EQ(outbox.dropped(), 2);
  EXPECT_EQ(WriteOne(outbox), "a");
  EXPECT_EQ(WriteOne(outbox), "b2");
}

TEST(Outbox, LatestOfAKeyTakesThePlaceOfTheOneThatWaits) {
  Outbox<std::string> outbox(10);
  outbox.PushLatest("status", "s1");
  outbox.Push("log");
  outbox.PushLatest("status", "s2");
  EXPECT_EQ(outbox.waiting(), 2);
  EXPECT_EQ(WriteOne(outbox), "s2");
  EXPECT_EQ(WriteOne(outbox), "log");
}

TEST(Outbox, MessageUnderWayIsNotReplaced) {
  Outbox<std::string> outbox(10);
  outbox.PushLatest("status", "s1");
  const std::string* message = outbox.BeginWrite();
  outbox.PushLatest("status", "s2");
  EXPECT_EQ(*message, "s1");
  outbox.EndWrite();
  EXPECT_EQ(WriteOne(outbox), "s2");
}

}  // namespace
}  // namespace fleet
