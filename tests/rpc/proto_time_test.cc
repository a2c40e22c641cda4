#include "proto/rpc/proto_time.h"

#include <gtest/gtest.h>

namespace fleet {
namespace {

TEST(ProtoTime, TimesComeBackToTheNanosecond) {
  for (absl::Time t :
       {absl::UnixEpoch(), absl::FromUnixNanos(1'700'000'000'123'456'789),
        absl::FromUnixNanos(-1)}) {
    EXPECT_EQ(FromProto(ToProtoTimestamp(t)), t);
    EXPECT_GE(ToProtoTimestamp(t).nanos(), 0);
  }
}

TEST(ProtoTime, DurationsComeBackToTheNanosecond) {
  for (absl::Duration d :
       {absl::ZeroDuration(), absl::Nanoseconds(1'234'567'891),
        -absl::Milliseconds(1500), absl::Hours(100'000)}) {
    EXPECT_EQ(FromProto(ToProtoDuration(d)), d);
  }
}

TEST(ProtoTime, InfinityBecomesTheFarthestValidValue) {
  EXPECT_EQ(ToProtoTimestamp(absl::InfiniteFuture()).seconds(), 253402300799);
  EXPECT_EQ(ToProtoTimestamp(absl::InfinitePast()).seconds(), -62135596800);
  EXPECT_EQ(ToProtoDuration(absl::InfiniteDuration()).seconds(), 315576000000);
}

}  // namespace
}  // namespace fleet
