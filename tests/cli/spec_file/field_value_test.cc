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

TEST(FieldTable, NamesAndAliasesAreUniqueAndExplained) {
  std::set<std::string> names;
  for (const Field& field : AllFields()) {
    EXPECT_TRUE(names.insert(std::string(field.name)).second) << field.name;
    for (const auto alias :
         absl::StrSplit(ToAbsl(field.aliases), ' ', absl::SkipEmpty())) {
      EXPECT_TRUE(names.insert(std::string(alias)).second) << alias;
    }
    EXPECT_TRUE(field.explanation.ends_with('.')) << field.name;
    if (field.support == Support::kInForce) {
      EXPECT_TRUE(field.set != nullptr) << field.name;
    }
    EXPECT_EQ(field.choices.empty(), field.type != FieldType::kChoice)
        << field.name;
  }
}

}  // namespace
}  // namespace fleet::cli
