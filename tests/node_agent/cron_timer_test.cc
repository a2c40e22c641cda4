#include "node_agent/cron_timer.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

absl::Time Utc(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, absl::UTCTimeZone(),
                              &time, &error))
      << error;
  return time;
}

CronTimer Nightly(absl::Time since, absl::Duration spread = {}) {
  RestartPolicy policy;
  policy.cron_restart = "0 3 * * *";
  policy.cron_time_zone = "UTC";
  policy.cron_spread = spread;
  return CronTimer::Make(policy, "web", "host-1", since).value();
}

TEST(CronTimer, IsDueOnceAtEachTime) {
  CronTimer timer = Nightly(Utc("2024-05-01 12:00"));
  EXPECT_FALSE(timer.Due(Utc("2024-05-02 02:59")));
  EXPECT_TRUE(timer.Due(Utc("2024-05-02 03:00")));
  EXPECT_FALSE(timer.Due(Utc("2024-05-02 03:00")));
  EXPECT_EQ(timer.next(), Utc("2024-05-03 03:00"));
}

TEST(CronTimer, ManyMissedTimesAreOne) {
  CronTimer timer = Nightly(Utc("2024-05-01 12:00"));
  EXPECT_TRUE(timer.Due(Utc("2025-06-01 00:00")));
  EXPECT_FALSE(timer.Due(Utc("2025-06-01 02:59")));
  EXPECT_TRUE(timer.Due(Utc("2025-06-01 03:00")));
}

TEST(CronTimer, AClockThatIsSetBackALittleMakesNothingDueAgain) {
  CronTimer timer = Nightly(Utc("2024-05-01 12:00"));
  EXPECT_TRUE(timer.Due(Utc("2024-05-02 03:00")));
  EXPECT_FALSE(timer.Due(Utc("2024-05-02 02:00")));
  EXPECT_FALSE(timer.Due(Utc("2024-05-02 03:00")));
  EXPECT_TRUE(timer.Due(Utc("2024-05-03 03:00")));
}

TEST(CronTimer, AClockThatWasAYearAheadDoesNotMeanAYearsSilence) {
  CronTimer timer = Nightly(Utc("2025-05-01 12:00"));
  EXPECT_TRUE(timer.Due(Utc("2025-05-02 03:00")));
  EXPECT_FALSE(timer.Due(Utc("2024-05-02 12:00")));
  EXPECT_TRUE(timer.Due(Utc("2024-05-03 03:00")));
}

TEST(CronTimer, AHostWaitsItsShareOfTheSpread) {
  absl::Duration offset = CronTimer::Offset("web", "host-1", absl::Hours(1));
  CronTimer timer = Nightly(Utc("2024-05-01 12:00"), absl::Hours(1));
  EXPECT_EQ(timer.next(), Utc("2024-05-02 03:00") + offset);
  EXPECT_TRUE(timer.Due(timer.next()));
  EXPECT_EQ(timer.next(), Utc("2024-05-03 03:00") + offset);
}

TEST(CronTimer, SharesAreTheSameEveryTimeAndEvenOverHosts) {
  EXPECT_EQ(CronTimer::Offset("web", "host-1", {}), absl::ZeroDuration());
  // For ever: hosts of different versions must not fall together.
  EXPECT_EQ(CronTimer::Offset("web", "host-1", absl::Hours(1)),
            CronTimer::Offset("web", "host-1", absl::Hours(1)));
  std::set<int64_t> tenths;
  for (int i = 0; i < 100; ++i) {
    absl::Duration offset =
        CronTimer::Offset("web", absl::StrCat("host-", i), absl::Minutes(10));
    EXPECT_LT(offset, absl::Minutes(10));
    tenths.insert(absl::ToInt64Minutes(offset));
  }
  EXPECT_EQ(tenths.size(), 10u);
}

TEST(CronTimer, SaysWhichFieldIsWrong) {
  RestartPolicy policy;
  policy.cron_restart = "0 3 * * *";
  policy.cron_time_zone = "Mars/Olympus";
  EXPECT_EQ(CronTimer::Make(policy, "web", "h", absl::UnixEpoch())
                .status()
                .message()
                .substr(0, 16),
            "cron_time_zone: ");
}

}  // namespace
}  // namespace fleet::agent
