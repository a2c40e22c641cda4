#include "proto/rpc/utf8_text.h"

#include <gtest/gtest.h>

#include <string>

namespace fleet {
namespace {

TEST(Utf8Text, KeepsCharactersAndReplacesWhatIsNone) {
  const struct {
    std::string text;
    std::string mended;
  } kCases[] = {
      {"", ""},
      {"plain\n\t\x7f", "plain\n\t\x7f"},
      {"größer €, 𝄞", "größer €, 𝄞"},
      {std::string("a\0b", 3), std::string("a\0b", 3)},
      {"a\xff\xfe z", "a�� z"},
      {"\xc3", "�"},       // Cut off.
      {"\xc0\xaf", "��"},  // Overlong.
      {"\xe0\x80\x80", "���"},
      {"\xed\xa0\x80", "���"},       // Half of a pair.
      {"\xf4\x90\x80\x80", "����"},  // Beyond U+10FFFF.
      {"\xe2\x82!", "��!"},
      {"\x80", "�"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(IsUtf8(c.text), c.text == c.mended) << c.mended;
    EXPECT_EQ(ToUtf8(c.text), c.mended);
    EXPECT_TRUE(IsUtf8(ToUtf8(c.text)));
  }
}

}  // namespace
}  // namespace fleet
