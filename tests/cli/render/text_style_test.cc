#include "cli/render/text_style.h"

#include <gtest/gtest.h>

#include "cli/render/log_printer.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

TEST(TextStyle, CutsAndPadsByCharacters) {
  EXPECT_EQ(DisplayWidth("äb…"), 3U);
  EXPECT_EQ(Truncated("abcdef", 4), "abc…");
  EXPECT_EQ(Truncated("äöüß", 4), "äöüß");
  EXPECT_EQ(Truncated("äöüßx", 4), "äöü…");
  EXPECT_EQ(Truncated("abc", 0), "");
  EXPECT_EQ(Truncated("abc", 1), "…");
  EXPECT_EQ(PaddedRight("ä", 3), "ä  ");
  EXPECT_EQ(PaddedLeft("ä", 3), "  ä");
}

TEST(TextStyle, WrapsAtBlanksByCharacters) {
  EXPECT_EQ(Wrapped("aa bb cc", 0, 5), "aa bb\ncc");
  EXPECT_EQ(Wrapped("ää bb cc", 2, 7), "ää bb\n  cc");
  EXPECT_EQ(Wrapped("a toolong b", 1, 5), "a\n toolong\n b");
  EXPECT_EQ(Wrapped("", 2, 5), "");
}

TEST(TextStyle, ControlCharactersDoNotReachATerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb\r\nc\td"), "a\\x1b[31mb\\x0d c d");
}

TEST(LogPrinter, NamesHostAndInstanceBeforeEachLine) {
  LogPrinter printer({}, {});
  const auto line = FromText<v1::LogLine>(
      "host: 'h1' app: 'web' slot: 2 text: 'hi' time { seconds: 5 }");
  EXPECT_EQ(printer.Line(line), "h1 web.2 | hi\n");
  EXPECT_EQ(printer.Line(line), "h1 web.2 | hi\n");
  printer.SkipWhatWasSeen();
  EXPECT_EQ(printer.Line(line), "");
  EXPECT_EQ(printer.Line(FromText<v1::LogLine>(
                "host: 'h1' app: 'web' slot: 2 text: 'new' time { seconds: 6 "
                "}")),
            "h1 web.2 | new\n");
}

TEST(LogPrinter, LinesThatAreJsonAlreadyStayAsTheyAre) {
  LogPrintOptions options;
  options.json = true;
  LogPrinter printer({}, options);
  auto line = FromText<v1::LogLine>(
      "host: 'h1' app: 'web' slot: 2 stream: LOG_STREAM_OUT text: 'hi' time { "
      "seconds: 5 }");
  const std::string json = printer.Line(line);
  EXPECT_EQ(json,
            "{\"timestamp\":\"1970-01-01T00:00:05.000Z\",\"type\":\"out\","
            "\"app_name\":\"web\",\"process_id\":2,\"host\":\"h1\","
            "\"message\":\"hi\"}\n");
  line.set_text(json.substr(0, json.size() - 1));
  EXPECT_EQ(printer.Line(line), json);
  // Something else of the program's own.
  line.set_text("{\"timestamp\":1}");
  EXPECT_NE(printer.Line(line).find("app_name"), std::string::npos);
}

}  // namespace
}  // namespace fleet::cli
