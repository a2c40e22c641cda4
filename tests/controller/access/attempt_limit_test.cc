#include "controller/access/attempt_limit.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace fleet::controller {
namespace {

constexpr absl::Time kStart = absl::FromUnixSeconds(1000);

TEST(AttemptLimit, TenAMinuteAndThenNoneUntilItIsOver) {
  AttemptLimit limit;
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(limit.Allowed("a", kStart)) << i;
    limit.NoteFailure("a", kStart + absl::Seconds(i));
  }
  EXPECT_FALSE(limit.Allowed("a", kStart + absl::Seconds(59)));
  EXPECT_TRUE(limit.Allowed("b", kStart + absl::Seconds(59)));
  EXPECT_TRUE(limit.Allowed("a", kStart + absl::Minutes(1)));
}

// A botnet costs no more memory than that, and locks nobody out who is known.
TEST(AttemptLimit, BeyondTenThousandAddressesNewcomersShareOneCount) {
  AttemptLimit limit;
  for (size_t i = 0; i < AttemptLimit::kMostAddresses; ++i) {
    limit.NoteFailure(absl::StrCat("known-", i), kStart);
  }
  for (int i = 0; i < AttemptLimit::kMostAttempts; ++i) {
    const std::string address = absl::StrCat("new-", i);
    EXPECT_TRUE(limit.Allowed(address, kStart)) << address;
    limit.NoteFailure(address, kStart);
  }
  EXPECT_FALSE(limit.Allowed("new-11", kStart));
  EXPECT_TRUE(limit.Allowed("known-1", kStart));
  EXPECT_TRUE(limit.Allowed("new-11", kStart + absl::Minutes(1)));
  // Old ones make room.
  limit.NoteFailure("late", kStart + absl::Minutes(1));
  for (int i = 1; i < AttemptLimit::kMostAttempts; ++i) {
    limit.NoteFailure("late", kStart + absl::Minutes(1));
  }
  EXPECT_FALSE(limit.Allowed("late", kStart + absl::Minutes(1)));
  EXPECT_TRUE(limit.Allowed("other", kStart + absl::Minutes(1)));
}

TEST(AttemptLimit, AConnectionsPortIsNoPartOfItsAddress) {
  EXPECT_EQ(AttemptLimit::AddressOfPeer("ipv4:10.0.0.7:40112"),
            "ipv4:10.0.0.7");
  EXPECT_EQ(AttemptLimit::AddressOfPeer("ipv6:%5B::1%5D:7"), "ipv6:%5B::1%5D");
}

}  // namespace
}  // namespace fleet::controller
