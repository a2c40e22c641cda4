#include "proto/rpc/yaml_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace fleet {
namespace {

using testing::HasSubstr;

TEST(ReadYaml, KeepsLinesAndKinds) {
  const auto value = ReadYaml("a: 1\nb:\n  - 'true'\n  - true\n  - yes\n", "f");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->entries[0].value.kind, Value::Kind::kNumber);
  const Value& list = *value->Find("b");
  EXPECT_EQ(value->entries[1].place.line, 2);
  EXPECT_EQ(list.items[0].kind, Value::Kind::kText);
  EXPECT_EQ(list.items[1].kind, Value::Kind::kBool);
  EXPECT_EQ(list.items[2].kind, Value::Kind::kText);
  EXPECT_EQ(list.items[2].place.line, 5);
  EXPECT_EQ(list.items[2].place.column, 5);
}

TEST(ReadYaml, ReadsJson) {
  const auto value = ReadYaml(R"({"a": "x\u00e9\"", "b": [1, null]})", "f");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(ToJson(*value), "{\"a\":\"xé\\\"\",\"b\":[1,null]}");
}

TEST(ReadYaml, FollowsMerges) {
  const auto value =
      ReadYaml("x-a: &a {p: 1, q: 2}\nb:\n  <<: *a\n  q: 3\n", "f");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(ToJson(*value->Find("b")), "{\"q\":3,\"p\":1}");
}

TEST(ReadYaml, ErrorsNameFileLineAndColumn) {
  EXPECT_THAT(std::string(ReadYaml("a: 1\nb: [1\n", "f").status().message()),
              HasSubstr("f:"));
  EXPECT_EQ(std::string(ReadYaml("a: 1\na: 2\n", "f").status().message()),
            "f:2:1: \"a\" stands twice");
}

TEST(ReadYaml, RefusesAliasesThatMultiply) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    std::string item = absl::StrCat("*a", i - 1);
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [", item);
    for (int j = 0; j < 9; ++j) absl::StrAppend(&bomb, ", ", item);
    absl::StrAppend(&bomb, "]\n");
  }
  EXPECT_THAT(std::string(ReadYaml(bomb, "f").status().message()),
              HasSubstr("more than 100,000 values"));
}

TEST(ReadYaml, RefusesAnAliasWithinItself) {
  EXPECT_THAT(std::string(ReadYaml("a: &a [*a]\n", "f").status().message()),
              HasSubstr("more than 100 levels"));
}

}  // namespace
}  // namespace fleet
