// From text to cells, from cells to a terminal, from keys to words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "cli/monit/cell_buffer.h"
#include "cli/monit/frame_diff.h"
#include "cli/monit/key_parser.h"
#include "cli/monit/sparkline.h"
#include "tests/cli/monit/terminal_model.h"

namespace fleet::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CellBuffer, TextIsCutAndCannotSteerTheTerminal) {
  const struct {
    const char* text;
    const char* row;
  } cases[] = {
      {"plain", "plain"},
      {"much too long", "much too"},
      {"a\x1b[31mb", "a·[31mb"},
      {"a\tb\nc\x7f", "a b·c·"},
      {"\xC2\x9B"
       "31m",
       "·31m"},              // A control character of one byte in C1.
      {"\xff\xc3(", "··("},  // No UTF-8.
      {"日本語です", "日本語で"},
      {"1234567日", "1234567"},  // Half a character is none.
      {"e\xCC\x81t\xC3\xA9", "eté"},
  };
  for (const auto& c : cases) {
    CellBuffer buffer(8, 1);
    buffer.Put(0, 0, c.text);
    EXPECT_EQ(buffer.ToText(), std::string(c.row) + "\n") << c.text;
  }
  CellBuffer buffer(8, 2);
  EXPECT_EQ(buffer.Put(6, 1, "abcd"), 2U);
  EXPECT_EQ(buffer.Put(0, 2, "outside"), 0U);
  EXPECT_EQ(buffer.Put(0, 0, "limited", {}, 3), 3U);
  EXPECT_EQ(buffer.ToText(), "lim\n      ab\n");
}

TEST(CellBuffer, HalfOfAWideCharacterIsBlank) {
  CellBuffer buffer(8, 1);
  buffer.Put(0, 0, "日本語");
  buffer.Put(1, 0, "a");
  buffer.Put(4, 0, "b");
  EXPECT_EQ(buffer.ToText(), " a本b\n");
  buffer.Put(1, 0, "語");
  EXPECT_EQ(buffer.ToText(), " 語 b\n");
}

TEST(FrameDiff, OnlyWhatDiffersIsWritten) {
  CellBuffer before(40, 3);
  before.Put(0, 0, "web.0  online   25.0%");
  before.Put(0, 1, "web.1  online   12.0%");
  CellBuffer after = before;
  after.Put(16, 1, "99.0%", {Colour::kRed, false});
  TerminalModel terminal(40, 3);
  terminal.Write(FrameDiff(CellBuffer(1, 1), before, true));
  EXPECT_EQ(terminal.Text(), before.ToText());
  const size_t written = terminal.written();
  terminal.Write(FrameDiff(before, after, true));
  EXPECT_EQ(terminal.Text(), after.ToText());
  EXPECT_EQ(terminal.written() - written, 5U);
  EXPECT_EQ(terminal.StyleAt(16, 1), "0;31");
  EXPECT_EQ(terminal.StyleAt(15, 1), "");
  EXPECT_EQ(FrameDiff(after, after, true), "");
}

TEST(FrameDiff, WithoutColoursOnlyTheSelectionStandsOut) {
  CellBuffer buffer(10, 1);
  buffer.Put(0, 0, "abc", {Colour::kRed, true});
  TerminalModel terminal(10, 1);
  terminal.Write(FrameDiff(CellBuffer(1, 1), buffer, false));
  EXPECT_EQ(terminal.StyleAt(0, 0), "0;7");
}

// A property of random screens: whatever was shown, the bytes lead to what is
// wanted.
TEST(FrameDiff, LeadsFromAnyScreenToAnyOther) {
  std::mt19937 random(7);
  const auto pick = [&](int below) {
    return std::uniform_int_distribution<int>(0, below - 1)(random);
  };
  const char* const words[] = {"a", "web", "日本", "█▁", "   ", "x\xff"};
  CellBuffer shown(20, 5);
  TerminalModel terminal(20, 5);
  terminal.Write(FrameDiff(CellBuffer(1, 1), shown, true));
  for (int round = 0; round < 500; ++round) {
    CellBuffer wanted = shown;
    for (int i = pick(6); i >= 0; --i) {
      wanted.Put(static_cast<size_t>(pick(20)), static_cast<size_t>(pick(5)),
                 words[pick(6)], {static_cast<Colour>(pick(7)), pick(4) == 0});
    }
    terminal.Write(FrameDiff(shown, wanted, true));
    shown = wanted;
    ASSERT_EQ(terminal.Text(), wanted.ToText()) << "round " << round;
  }
}

TEST(KeyParser, KeysInPiecesAndTogether) {
  using Kind = Key::Kind;
  KeyParser parser;
  EXPECT_THAT(parser.Take("q\x1b[A"),
              ElementsAre(Key{Kind::kText, "q"}, Key{Kind::kUp, ""}));
  EXPECT_THAT(parser.Take("\x1b"), IsEmpty());
  EXPECT_TRUE(parser.waiting());
  EXPECT_THAT(parser.Take("[6"), IsEmpty());
  EXPECT_THAT(parser.Take("~\t\r\x7f"),
              ElementsAre(Key{Kind::kPageDown, ""}, Key{Kind::kTab, ""},
                          Key{Kind::kEnter, ""}, Key{Kind::kBackspace, ""}));
  EXPECT_THAT(parser.Take("\x1b"), IsEmpty());
  EXPECT_THAT(parser.TakeRest(), ElementsAre(Key{Kind::kEscape, ""}));
  EXPECT_THAT(parser.Take("é\x03"),
              ElementsAre(Key{Kind::kText, "é"}, Key{Kind::kInterrupt, ""}));
  // The next key comes at once, whichever it is.
  EXPECT_THAT(parser.Take("\x1b?\x1b\x03"),
              ElementsAre(Key{Kind::kEscape, ""}, Key{Kind::kText, "?"},
                          Key{Kind::kEscape, ""}, Key{Kind::kInterrupt, ""}));
  EXPECT_THAT(parser.Take("\x1bé\x1b\x1b[A"),
              ElementsAre(Key{Kind::kEscape, ""}, Key{Kind::kText, "é"},
                          Key{Kind::kEscape, ""}, Key{Kind::kUp, ""}));
  // A function key that is not known, and rubbish without an end.
  EXPECT_THAT(parser.Take("\x1b[24~x"), ElementsAre(Key{Kind::kText, "x"}));
  EXPECT_THAT(parser.Take("\x1b[" + std::string(200, '1')), IsEmpty());
  EXPECT_THAT(parser.Take("x"), ElementsAre(Key{Kind::kText, "x"}));
}

TEST(Sparkline, ShowsTheNewestAtTheRight) {
  EXPECT_EQ(Sparkline({}, 3, 1, true), "   ");
  EXPECT_EQ(Sparkline({0, 0.5, 1}, 5, 1, true), "  ▁▅█");
  EXPECT_EQ(Sparkline({9, 0, 2, 4}, 3, 0, true), "▁▅█");
  EXPECT_EQ(Sparkline({0, 5}, 2, 1, false), "_#");
  EXPECT_EQ(Sparkline({0, 0}, 2, 0, true), "▁▁");
}

}  // namespace
}  // namespace fleet::cli
