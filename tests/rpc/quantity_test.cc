#include "proto/rpc/quantity.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace fleet {
namespace {

TEST(ParseDuration, Table) {
  const std::map<std::string, absl::Duration> cases = {
      {"0", absl::ZeroDuration()},
      {"1600", absl::Milliseconds(1600)},
      {"10s", absl::Seconds(10)},
      {"1m30s", absl::Seconds(90)},
      {"500ms", absl::Milliseconds(500)},
      {"1.5h", absl::Minutes(90)},
      {"2d", absl::Hours(48)},
      {" 1h0m5s ", absl::Seconds(3605)},
      {"250us", absl::Microseconds(250)},
  };
  for (const auto& [text, d] : cases) {
    auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, d) << text;
    EXPECT_EQ(*ParseDuration(DurationText(d)), d);
  }
  for (const char* text : {"", "s", "-1s", "-5", "1x", "1s2", "1..5s", "1e9",
                           "nan", "inf", "1 s", "99999d", "9999999999999999"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(HumanDuration, Table) {
  const std::map<double, std::string> seconds = {
      {-2, "-2.0s"},    {0, "0ms"},        {0.0354, "35ms"}, {0.9994, "999ms"},
      {0.9996, "1.0s"}, {4.24, "4.2s"},    {9.94, "9.9s"},   {9.96, "10s"},
      {59.4, "59s"},    {59.6, "1m00s"},   {62, "1m02s"},    {3599.6, "1h00m"},
      {11100, "3h05m"}, {187200, "2d04h"},
  };
  for (const auto& [s, text] : seconds) {
    EXPECT_EQ(HumanDuration(absl::Seconds(s)), text);
  }
  EXPECT_EQ(HumanDuration(absl::InfiniteDuration()), "forever");
}

TEST(ParseSize, Table) {
  const std::map<std::string, int64_t> cases = {{"0", 0},
                                                {"4096", 4096},
                                                {"10K", 10240},
                                                {"300M", 314572800},
                                                {"300MB", 314572800},
                                                {"300MiB", 314572800},
                                                {"1g", 1 << 30},
                                                {"1.5G", 1610612736},
                                                {"7 b", 7},
                                                {"2T", int64_t{2} << 40}};
  for (const auto& [text, bytes] : cases) {
    auto parsed = ParseSize(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, bytes) << text;
  }
  for (const char* text : {"", "M", "-1", "1X", "1MM", "1e3", "99999999T"}) {
    EXPECT_FALSE(ParseSize(text).ok()) << text;
  }
}

TEST(HumanSize, Table) {
  const std::map<int64_t, std::string> cases = {{0, "0 B"},
                                                {1023, "1023 B"},
                                                {1024, "1.00 KB"},
                                                {12'897'485, "12.3 MB"},
                                                {157'286'400, "150 MB"},
                                                {1'610'612'736, "1.50 GB"},
                                                {int64_t{1} << 50, "1024 TB"}};
  for (const auto& [bytes, text] : cases) EXPECT_EQ(HumanSize(bytes), text);
}

TEST(ResolveNumberOrPercent, RoundsDownToTheMinimum) {
  EXPECT_EQ(*ResolveNumberOrPercent("3", 100, 1), 3);
  EXPECT_EQ(*ResolveNumberOrPercent("25%", 10, 1), 2);
  EXPECT_EQ(*ResolveNumberOrPercent("25%", 3, 1), 1);
  EXPECT_EQ(*ResolveNumberOrPercent("25%", 3, 0), 0);
  EXPECT_EQ(*ResolveNumberOrPercent("100%", 7, 0), 7);
  EXPECT_EQ(*ResolveNumberOrPercent("100%", 2'000'000'000, 0), 2'000'000'000);
  for (const char* text : {"", "%", "0", "-1", "x", "101%", "-1%", "2.5"}) {
    EXPECT_FALSE(ResolveNumberOrPercent(text, 10, 1).ok()) << text;
  }
  EXPECT_TRUE(CheckNumberOrPercent("0", 0).ok());
  EXPECT_FALSE(CheckNumberOrPercent("0", 1).ok());
}

}  // namespace
}  // namespace fleet
