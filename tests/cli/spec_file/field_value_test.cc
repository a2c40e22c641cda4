#include "cli/spec_file/field_value.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

TEST(SplitWords, SplitsAsAShellDoes) {
  const struct {
    const char* text;
    const char* words;
  } cases[] = {
      {"", ""},
      {"  a  b\tc ", "a|b|c"},
      {"--x='1 2' y", "--x=1 2|y"},
      {"\"a \\\"b\\\"\" c", "a \"b\"|c"},
      {"a\\ b", "a b"},
      {"'a\\b'", "a\\b"},
      {"'' x", "|x"},
  };
  for (const auto& c : cases) {
    const auto words = SplitWords(c.text);
    ASSERT_TRUE(words.ok()) << c.text;
    EXPECT_EQ(absl::StrJoin(*words, "|"), c.words) << c.text;
  }
  EXPECT_FALSE(SplitWords("a 'b").ok());
}

}  // namespace
}  // namespace fleet::cli
