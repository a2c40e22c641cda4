#include "proto/rpc/cron_schedule.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr char kFormat[] = "%Y-%m-%d %H:%M:%S";

absl::TimeZone Zone(const std::string& name) {
  return FindTimeZone(name).value();
}

absl::Time At(const std::string& text, absl::TimeZone zone) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(kFormat, text, zone, &time, &error)) << error;
  return time;
}

// The next `n` times after `after`, in that zone.
std::vector<std::string> Next(const std::string& expression,
                              const std::string& after, int n,
                              const std::string& zone_name = "UTC") {
  auto schedule = CronSchedule::Parse(expression);
  EXPECT_TRUE(schedule.ok()) << schedule.status();
  if (!schedule.ok()) return {};
  absl::TimeZone zone = Zone(zone_name);
  absl::Time at = At(after, zone);
  std::vector<std::string> times;
  for (int i = 0; i < n; ++i) {
    at = schedule->NextAfter(at, zone);
    times.push_back(absl::FormatTime("%Y-%m-%d %H:%M:%S%Ez", at, zone));
    if (zone_name == "UTC") times.back().resize(19);
  }
  return times;
}

using Times = std::vector<std::string>;

struct ScheduleCase {
  std::string expression;
  std::string after;
  Times times;
};

TEST(CronSchedule, FindsTheNextTimes) {
  // 2024-01-01 was a Monday.
  const std::vector<ScheduleCase> kCases = {
      {"0 3 * * *",
       "2024-01-01 03:00:00",
       {"2024-01-02 03:00:00", "2024-01-03 03:00:00"}},
      {"*/20 * * * *",
       "2024-01-01 23:30:10",
       {"2024-01-01 23:40:00", "2024-01-02 00:00:00", "2024-01-02 00:20:00"}},
      {"*/15 30 4 * * *",
       "2024-01-01 04:30:20",
       {"2024-01-01 04:30:30", "2024-01-01 04:30:45", "2024-01-02 04:30:00"}},
      {"5/20 * * * *",
       "2024-01-01 00:06:00",
       {"2024-01-01 00:25:00", "2024-01-01 00:45:00", "2024-01-01 01:05:00"}},
      {"0 9-17/4 * * mon-fri",
       "2024-01-05 13:30:00",
       {"2024-01-05 17:00:00", "2024-01-08 09:00:00"}},
      {"0 0 * * 7",
       "2024-01-01 00:00:00",
       {"2024-01-07 00:00:00", "2024-01-14 00:00:00"}},
      {"0 0 * * sat-sun",
       "2024-01-01 00:00:00",
       {"2024-01-06 00:00:00", "2024-01-07 00:00:00", "2024-01-13 00:00:00"}},
      {"0 0 1,15 Jan,JUL ?",
       "2024-01-15 00:00:00",
       {"2024-07-01 00:00:00", "2024-07-15 00:00:00", "2025-01-01 00:00:00"}},
      {"0 0 29 2 *",
       "2023-01-01 00:00:00",
       {"2024-02-29 00:00:00", "2028-02-29 00:00:00"}},
      {"0 0 31 * *",
       "2024-01-31 00:00:00",
       {"2024-03-31 00:00:00", "2024-05-31 00:00:00"}},
      {"0 0 L * *",
       "2024-01-31 00:00:00",
       {"2024-02-29 00:00:00", "2024-03-31 00:00:00", "2024-04-30 00:00:00"}},
      {"0 0 15,l 2 *",
       "2025-01-01 00:00:00",
       {"2025-02-15 00:00:00", "2025-02-28 00:00:00", "2026-02-15 00:00:00"}},
      {"0 0 L * fri",
       "2024-05-25 00:00:00",
       {"2024-05-31 00:00:00", "2024-06-07 00:00:00"}},
      // Both days are restricted: either will do.
      {"0 0 13 * fri",
       "2024-09-01 00:00:00",
       {"2024-09-06 00:00:00", "2024-09-13 00:00:00", "2024-09-20 00:00:00"}},
      // A star with a step counts as not restricted.
      {"0 0 */2 * mon",
       "2024-01-01 00:00:00",
       {"2024-01-15 00:00:00", "2024-01-29 00:00:00"}},
      {"@hourly", "2024-01-01 00:00:00", {"2024-01-01 01:00:00"}},
      {"@daily", "2024-01-01 00:00:00", {"2024-01-02 00:00:00"}},
      {"@midnight", "2024-01-01 00:00:00", {"2024-01-02 00:00:00"}},
      {"@weekly", "2024-01-01 00:00:00", {"2024-01-07 00:00:00"}},
      {" @Monthly ", "2024-01-01 00:00:00", {"2024-02-01 00:00:00"}},
      {"@yearly", "2024-01-01 00:00:00", {"2025-01-01 00:00:00"}},
  };
  for (const ScheduleCase& c : kCases) {
    EXPECT_EQ(Next(c.expression, c.after, static_cast<int>(c.times.size())),
              c.times)
        << c.expression;
  }
}

TEST(CronSchedule, AFractionOfASecondCountsAsPassed) {
  auto every_second = CronSchedule::Parse("* * * * * *").value();
  absl::Time at = absl::FromUnixMillis(1500);
  EXPECT_EQ(every_second.NextAfter(at, absl::UTCTimeZone()),
            absl::FromUnixSeconds(2));
}

TEST(CronSchedule, WhatNeverComesIsInfinitelyFar) {
  for (const char* text : {"0 0 30 2 *", "* * 31 4 *"}) {
    EXPECT_EQ(CronSchedule::Parse(text).value().NextAfter(
                  absl::FromUnixSeconds(0), absl::UTCTimeZone()),
              absl::InfiniteFuture())
        << text;
  }
}

// Paris 2024: on March 31st 02:00 becomes 03:00, on October 27th 03:00 becomes
// 02:00.
TEST(CronSchedule, AnHourThatIsSkippedIsMadeUpForOnce) {
  EXPECT_EQ(Next("30 2 * * *", "2024-03-30 12:00:00", 2, "Europe/Paris"),
            (Times{"2024-03-31 03:00:00+02:00", "2024-04-01 02:30:00+02:00"}));
  EXPECT_EQ(Next("*/15 2 * * *", "2024-03-30 12:00:00", 2, "Europe/Paris"),
            (Times{"2024-03-31 03:00:00+02:00", "2024-04-01 02:00:00+02:00"}));
  // It falls together with what is due at three anyway.
  EXPECT_EQ(Next("0 2,3 * * *", "2024-03-31 00:00:00", 2, "Europe/Paris"),
            (Times{"2024-03-31 03:00:00+02:00", "2024-04-01 02:00:00+02:00"}));
}

TEST(CronSchedule, AnHourThatComesTwiceCountsOnce) {
  EXPECT_EQ(Next("30 2 * * *", "2024-10-27 00:00:00", 2, "Europe/Paris"),
            (Times{"2024-10-27 02:30:00+02:00", "2024-10-28 02:30:00+01:00"}));
  // Asked in the second of the two.
  absl::TimeZone paris = Zone("Europe/Paris");
  absl::Time second = At("2024-10-27 01:10:00", absl::UTCTimeZone());
  EXPECT_EQ(CronSchedule::Parse("30 2 * * *").value().NextAfter(second, paris),
            At("2024-10-28 01:30:00", absl::UTCTimeZone()));
}

TEST(CronSchedule, EveryHourGoesByTimeThatPasses) {
  EXPECT_EQ(Next("30 * * * *", "2024-03-31 01:00:00", 3, "Europe/Paris"),
            (Times{"2024-03-31 01:30:00+01:00", "2024-03-31 03:30:00+02:00",
                   "2024-03-31 04:30:00+02:00"}));
  EXPECT_EQ(Next("0 * * * *", "2024-03-31 01:00:00", 2, "Europe/Paris"),
            (Times{"2024-03-31 03:00:00+02:00", "2024-03-31 04:00:00+02:00"}));
  EXPECT_EQ(Next("30 * * * *", "2024-10-27 02:00:00", 3, "Europe/Paris"),
            (Times{"2024-10-27 02:30:00+02:00", "2024-10-27 02:30:00+01:00",
                   "2024-10-27 03:30:00+01:00"}));
}

// Lord Howe moves its clocks by half an hour.
TEST(CronSchedule, HalfHourChanges) {
  EXPECT_EQ(Next("15 2 * * *", "2024-10-05 12:00:00", 2, "Australia/Lord_Howe"),
            (Times{"2024-10-06 02:30:00+11:00", "2024-10-07 02:15:00+11:00"}));
  EXPECT_EQ(
      Next("*/20 * * * *", "2024-04-07 01:30:00", 3, "Australia/Lord_Howe"),
      (Times{"2024-04-07 01:40:00+11:00", "2024-04-07 01:40:00+10:30",
             "2024-04-07 02:00:00+10:30"}));
}

TEST(CronSchedule, SaysWhatIsWrong) {
  struct WrongCase {
    std::string text;
    std::string message;  // A part of it.
  };
  const std::vector<WrongCase> kCases = {
      {"", "five fields"},
      {"0 3 * *", "five fields"},
      {"0 0 0 0 3 * *", "five fields"},
      {"@noon", "none of @hourly"},
      {"60 * * * *",
       "the minute field \"60\" must be *, a number from 0 to 59"},
      {"0 24 * * *", "the hour field \"24\""},
      {"0 0 0 * *", "the day of month field \"0\""},
      {"0 0 * 13 *", "the month field \"13\""},
      {"0 0 * foo *", "a name of three letters"},
      {"0 0 * * 8", "the day of week field \"8\""},
      {"0 0 * * fri-mon", "from low to high"},
      {"30-10 * * * *", "from low to high"},
      {"*/0 * * * *", "must have a step of 1 or more"},
      {"*/x * * * *", "must have a step"},
      {"1/2/3 * * * *", "must have a step"},
      {"1,,2 * * * *", "the minute field \"\""},
      {"-5 * * * *", "the minute field \"-5\""},
      {"+5 * * * *", "the minute field \"+5\""},
      {"1-2-3 * * * *", "the minute field \"1-2-3\""},
      {"? 3 * * *", "must be * or a number: ? is for days alone"},
      {"0 0 L-3 * *", "the day of month field \"l-3\""},
      {"0 0 32 * *", "a number from 1 to 31, L for the last one, or a range"},
      {"0 0 * L *", "the month field \"l\""},
      {"@Reboot", "started again when it boots. Leave cron_restart out"},
      {std::string(300, '1'), "longer than 256"},
  };
  for (const WrongCase& c : kCases) {
    absl::Status status = CronSchedule::Parse(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_NE(ToStd(status.message()).find(c.message), std::string::npos)
        << c.text << ": " << status.message();
  }
}

TEST(CronSchedule, UnknownZonesAreNamed) {
  absl::Status status = FindTimeZone("Europe/Atlantis").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(ToStd(status.message()).find("Europe/Atlantis"), std::string::npos);
  EXPECT_EQ(FindTimeZone("").value(), absl::LocalTimeZone());
}

}  // namespace
}  // namespace fleet
