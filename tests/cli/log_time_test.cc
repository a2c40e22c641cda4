#include "cli/log_time.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fleet::cli {
namespace {

TEST(LogTimeTest, ReadsWhatPeopleType) {
  const absl::TimeZone zone = absl::FixedTimeZone(3600);
  const absl::Time now =
      absl::FromCivil(absl::CivilSecond(2024, 2, 9, 15, 4, 5), zone);
  const auto at = [&](int day, int hour, int minute, int second) {
    return absl::FromCivil(
        absl::CivilSecond(2024, 2, day, hour, minute, second), zone);
  };
  const struct {
    const char* text;
    absl::Time time;
  } cases[] = {
      {"10m", now - absl::Minutes(10)},
      {"1h30m", now - absl::Minutes(90)},
      {"2d", now - absl::Hours(48)},
      {"today", at(9, 0, 0, 0)},
      {"yesterday", at(8, 0, 0, 0)},
      {"2024-02-07", at(7, 0, 0, 0)},
      {"2024-02-07 10:11", at(7, 10, 11, 0)},
      {"2024-02-07T10:11:12", at(7, 10, 11, 12)},
      {"2024-02-07T10:11:12.5", at(7, 10, 11, 12) + absl::Milliseconds(500)},
      {"2024-02-07T10:11:12Z", at(7, 11, 11, 12)},
      {"2024-02-07 10:11:12+02:00", at(7, 9, 11, 12)},
      {"10:11", at(9, 10, 11, 0)},
      {"10:11:12", at(9, 10, 11, 12)},
  };
  for (const auto& c : cases) {
    auto time = ParseLogTime(c.text, now, zone);
    ASSERT_TRUE(time.ok()) << c.text;
    EXPECT_EQ(*time, c.time) << c.text;
  }
  for (const char* text : {"", "soon", "10", "25:00", "2024-13-01", "-5m"}) {
    auto time = ParseLogTime(text, now, zone);
    ASSERT_FALSE(time.ok()) << text;
    EXPECT_THAT(std::string(time.status().message()),
                testing::HasSubstr("expected how long ago"));
  }
}

}  // namespace
}  // namespace fleet::cli
