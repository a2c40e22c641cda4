#include "node_agent/log_line_format.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace fleet::agent {
namespace {

constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();

const absl::Time kTime =
    absl::FromUnixMillis(1700000000123);  // 2023-11-14T22:13:20.123Z

LogLineFormat Make(const LogPolicy& policy) {
  return LogLineFormat(policy, "h1", {"web", 2, LogStreamKind::kErr});
}

std::string Text(LogLineFormat format, const std::string& bytes) {
  std::string out;
  EXPECT_EQ(format.Append(bytes, kTime, kUnlimited, out), bytes.size());
  return out;
}

TEST(LogLineFormatTest, RawIsWhatWasWritten) {
  const std::string bytes("a\n\nb\xff\0c", 7);
  EXPECT_EQ(Text(Make({}), bytes), bytes);
}

TEST(LogLineFormatTest, DatedLinesBeginWithTheTime) {
  LogPolicy policy;
  policy.date_format = "[T]X.SSS";
  EXPECT_EQ(Text(Make(policy), "one\n\ntwo"),
            "T1700000000.123: one\nT1700000000.123: \nT1700000000.123: two\n");
}

TEST(LogLineFormatTest, JsonHasPm2sKeys) {
  LogPolicy policy;
  policy.json = true;
  EXPECT_EQ(Text(Make(policy), "hi\n"),
            "{\"timestamp\":\"2023-11-14T22:13:20.123Z\",\"type\":\"err\","
            "\"app_name\":\"web\",\"process_id\":2,\"host\":\"h1\","
            "\"message\":\"hi\"}\n");
  auto unfinished = nlohmann::json::parse(Text(Make(policy), "prompt> "));
  EXPECT_EQ(unfinished["message"], "prompt> ");
  EXPECT_EQ(unfinished["partial"], true);
  policy.date_format = "X";
  EXPECT_EQ(nlohmann::json::parse(Text(Make(policy), "x\n"))["timestamp"],
            "1700000000");
}

TEST(LogLineFormatTest, JsonIsValidWhateverIsWritten) {
  LogPolicy policy;
  policy.json = true;
  const struct {
    std::string bytes;
    std::string message;
  } cases[] = {
      {"q\"b\\s\tr\re\x1b[0m\x7f", "q\"b\\s\tr\re\x1b[0m\x7f"},
      {std::string("\0nul", 4), std::string("\0nul", 4)},
      {"h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "hé € 😀"},
      {"\xFF\xC3", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // Cut, and no.
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // Overlong.
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // Surrogate.
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
  };
  for (const auto& c : cases) {
    std::string text = Text(Make(policy), c.bytes + "\n");
    EXPECT_EQ(nlohmann::json::parse(text)["message"], c.message) << text;
  }
}

TEST(LogLineFormatTest, TakesNoMoreLinesThanThereIsRoomFor) {
  LogPolicy policy;
  policy.date_format = "[t]";
  LogLineFormat format = Make(policy);
  std::string out;
  // "t: 12\n" has six bytes.
  EXPECT_EQ(format.Append("12\n34\n56\n", kTime, 13, out), 6U);
  EXPECT_EQ(out, "t: 12\nt: 34\n");
  out.clear();
  EXPECT_EQ(format.Append("12\n34\n", kTime, 5, out), 0U);
  EXPECT_EQ(out, "");
  EXPECT_EQ(Make({}).Append("12\n34\n", kTime, 4, out), 3U);
}

}  // namespace
}  // namespace fleet::agent
