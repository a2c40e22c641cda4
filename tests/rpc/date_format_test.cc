#include "proto/rpc/date_format.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

using testing::HasSubstr;

// 2024-02-09 15:04:05.067 in the zone.
absl::Time Sample(absl::TimeZone zone) {
  return absl::FromCivil(absl::CivilSecond(2024, 2, 9, 15, 4, 5), zone) +
         absl::Milliseconds(67);
}

TEST(DateFormatTest, FormatsAsPm2Does) {
  const absl::TimeZone zone = absl::FixedTimeZone(5 * 3600 + 1800);
  const struct {
    const char* format;
    const char* text;
  } cases[] = {
      {"YYYY-MM-DD HH:mm:ss Z", "2024-02-09 15:04:05 +05:30"},
      {"YYYY-MM-DDTHH:mm:ss", "2024-02-09T15:04:05"},
      {"YYYY-MM-DDTHH:mm:ss.SSSZZ", "2024-02-09T15:04:05.067+0530"},
      {"DD/MM/YY h:m:s A", "09/02/24 3:4:5 PM"},
      {"dddd D MMMM, hh a", "Friday 9 February, 03 pm"},
      {"ddd MMM d", "Fri Feb 5"},
      {"H|S|SS|M", "15|0|06|2"},
      {"X x", "1707471245 1707471245067"},
      {"[at] HH[h] mm[min]", "at 15h 04min"},
      {"[YYYY]", "YYYY"},
      {"", ""},
      {"→ HH", "→ 15"},
  };
  for (const auto& c : cases) {
    auto format = DateFormat::Parse(c.format);
    ASSERT_TRUE(format.ok()) << c.format << ": " << format.status();
    EXPECT_EQ(format->Format(Sample(zone), zone), c.text) << c.format;
  }
}

TEST(DateFormatTest, NoonAndMidnightAreTwelve) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const auto format = DateFormat::Parse("h A, hh a, Z");
  ASSERT_TRUE(format.ok());
  absl::Time midnight = absl::FromCivil(absl::CivilDay(2024, 1, 1), utc);
  EXPECT_EQ(format->Format(midnight, utc), "12 AM, 12 am, +00:00");
  EXPECT_EQ(format->Format(midnight + absl::Hours(12), utc),
            "12 PM, 12 pm, +00:00");
  const absl::TimeZone west = absl::FixedTimeZone(-3 * 3600 - 1800);
  EXPECT_EQ(format->Format(midnight, west), "8 PM, 08 pm, -03:30");
}

TEST(DateFormatTest, SaysWhatItDoesNotUnderstand) {
  const struct {
    const char* format;
    const char* message;
  } cases[] = {
      {"YYY-MM", "\"YYY\" is not understood"},
      {"Do MMM", "\"o\" is not understood"},
      {"MMMMM", "\"MMMMM\""},
      {"dd", "\"dd\""},
      {"[open", "has no \"]\""},
      {"HH\n", "control characters"},
      {"LLL", "\"LLL\""},
  };
  for (const auto& c : cases) {
    auto format = DateFormat::Parse(c.format);
    ASSERT_FALSE(format.ok()) << c.format;
    EXPECT_THAT(std::string(format.status().message()), HasSubstr(c.message));
  }
  EXPECT_FALSE(DateFormat::Parse(std::string(65, '-')).ok());
}

}  // namespace
}  // namespace fleet
