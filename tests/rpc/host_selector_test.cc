#include "proto/rpc/host_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::map<std::string, std::map<std::string, std::string>> kHosts = {
    {"db-1", {{"role", "db"}, {"zone", "a"}}},
    {"web-1", {{"role", "web"}, {"zone", "a"}}},
    {"web-2", {{"role", "web"}, {"zone", "b"}}},
    {"web-3", {{"role", "web"}, {"zone", "c"}}},
    {"x", {}},
};

std::string Select(const std::string& text) {
  auto selector = ParseHostSelector(text);
  if (!selector.ok()) return std::string(selector.status().message());
  std::string names;
  for (const auto& [name, labels] : kHosts) {
    if (selector->Matches(name, labels)) names += name + " ";
  }
  return names;
}

TEST(HostSelector, MatchesTable) {
  const std::map<std::string, std::string> cases = {
      {"", "db-1 web-1 web-2 web-3 x "},
      {"all", "db-1 web-1 web-2 web-3 x "},
      {"x,all", "db-1 web-1 web-2 web-3 x "},
      {"web-1", "web-1 "},
      {" web-1 , db-1 ", "db-1 web-1 "},
      {"web-*", "web-1 web-2 web-3 "},
      {"web-[12],x", "web-1 web-2 x "},
      {"?", "x "},
      {"nobody", ""},
      {"role=web", "web-1 web-2 web-3 "},
      {"role==web", "web-1 web-2 web-3 "},
      {"role!=web", "db-1 x "},
      {"role=web,zone in (a,b)", "web-1 web-2 "},
      {"zone in ( a , c )", "db-1 web-1 web-3 "},
      {"zone notin (a)", "web-2 web-3 x "},
      {"role = db", "db-1 "},
      {"role=web,role=db", ""},
  };
  for (const auto& [text, names] : cases)
    EXPECT_EQ(Select(text), names) << text;
}

TEST(ParseHostSelector, RefusesAndNamesThePart) {
  EXPECT_THAT(Select("web-1,role=web"), HasSubstr("do not mix"));
  EXPECT_THAT(Select("role=web,"), HasSubstr("empty part"));
  EXPECT_THAT(Select("zone in (a"), HasSubstr("parentheses"));
  EXPECT_THAT(Select("zone in a)"), HasSubstr("parentheses"));
  EXPECT_THAT(Select("zone in ((a))"), HasSubstr("parentheses"));
  EXPECT_THAT(Select("zone within (a)"), HasSubstr("KEY in (A,B)"));
  EXPECT_THAT(Select("zone in ()"), HasSubstr("a value is not valid"));
  EXPECT_THAT(Select("=web"), HasSubstr("key is not valid"));
  EXPECT_THAT(Select("role="), HasSubstr("value is not valid"));
  EXPECT_THAT(Select("!web-1"), HasSubstr("neither a name"));
  EXPECT_THAT(Select("web 1"), HasSubstr("neither a name"));
  EXPECT_THAT(Select(std::string(5000, 'x')), HasSubstr("4,096"));
}

TEST(HostSelector, IsWithinWhatItsTextImplies) {
  const auto within = [](const char* text, const char* limit) {
    return ParseHostSelector(text)->IsWithin(*ParseHostSelector(limit));
  };
  const std::pair<const char*, const char*> inside[] = {
      {"web-1", "all"},
      {"all", "all"},
      {"role=web", ""},
      {"web-1", "web-1,web-2"},
      {"web-1,web-2", "web-*"},
      {"web-*", "web-*,db-*"},
      {"web-1*", "web-*"},
      {"web-[12]", "web-*"},
      {"web-*", "*"},
      {"role=web,zone=a", "role=web"},
      {"role=web", "role in (web,db)"},
      {"role in (web,db)", "role in (web,db,api)"},
      {"role=web", "role!=db"},
      {"role notin (db,api)", "role!=db"}};
  for (const auto& [text, limit] : inside) {
    EXPECT_TRUE(within(text, limit)) << text << " in " << limit;
  }
  const std::pair<const char*, const char*> beyond[] = {
      {"all", "*"},
      {"all", "role=web"},
      {"web-1", "role=web"},
      {"role=web", "web-*"},
      {"web-1,db-1", "web-*"},
      {"web-*", "web-1"},
      {"w*", "web-*"},
      {"web-*", "web-?"},
      {"web-1", "web-[!1]"},
      {"role=db", "role=web"},
      {"zone=a", "role=web"},
      {"role in (web,db)", "role=web"},
      {"role=web", "role=web,zone=a"},
      {"role!=db", "role=web"},
      {"role=db", "role!=db"},
      {"role!=db", "role notin (db,api)"}};
  for (const auto& [text, limit] : beyond) {
    EXPECT_FALSE(within(text, limit)) << text << " in " << limit;
  }
}

TEST(HostSelector, GivesExactNamesOnlyWithoutGlobs) {
  EXPECT_THAT(ParseHostSelector("web-1,db")->ExactNames(),
              ElementsAre("web-1", "db"));
  EXPECT_THAT(ParseHostSelector("web-1,db*")->ExactNames(), IsEmpty());
  EXPECT_THAT(ParseHostSelector("role=web")->ExactNames(), IsEmpty());
  EXPECT_TRUE(ParseHostSelector("all")->MatchesAll());
  EXPECT_FALSE(ParseHostSelector("*")->MatchesAll());
}

}  // namespace
}  // namespace fleet
