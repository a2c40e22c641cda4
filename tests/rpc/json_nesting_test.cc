#include "proto/rpc/json_nesting.h"

#include <gtest/gtest.h>

#include <string>

namespace fleet {
namespace {

TEST(JsonNestingTest, CountsWhatIsOpenAtOnce) {
  const struct {
    const char* text;
    size_t nesting;
  } kCases[] = {
      {"", 0},
      {"3", 0},
      {"[]", 1},
      {"[[],[],{}]", 2},
      {R"({"a":{"b":[1]}})", 3},
      {R"(["[[[["])", 1},
      {R"(["\"[[", [1]])", 2},
      {R"("\\"[[)", 2},
      {"]]]]", 0},
      {"[[[[", 4},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(JsonNesting(c.text), c.nesting) << c.text;
  EXPECT_EQ(JsonNesting(std::string(30'000, '[')), 30'000U);
}

}  // namespace
}  // namespace fleet
