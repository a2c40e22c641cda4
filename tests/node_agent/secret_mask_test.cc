#include "node_agent/secret_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleet::agent {
namespace {

using testing::ElementsAre;

AppSpec With(const std::map<std::string, std::string>& secret,
             const std::map<std::string, std::string>& plain = {}) {
  AppSpec spec;
  for (const auto& [variable, value] : secret) {
    spec.secrets[variable] = "name-of-it";
    spec.env[variable] = value;
  }
  for (const auto& [variable, value] : plain) spec.env[variable] = value;
  return spec;
}

TEST(SecretMask, HidesValuesWhereverTheyStand) {
  SecretMask mask;
  mask.Add(With({{"PASSWORD", "hunter2-hunter2"}, {"KEY", "hunter2"}},
                {{"HOST", "db.example.org"}}));
  EXPECT_EQ(mask.Mask(std::string("cannot connect to "
                                  "postgres://web:hunter2-hunter2@db.example."
                                  "org: KEY=hunter2")),
            "cannot connect to postgres://web:***@db.example.org: KEY=***");
  EXPECT_THAT(mask.Mask(std::vector<std::string>{"a", "xhunter2x"}),
              ElementsAre("a", "x***x"));
}

TEST(SecretMask, EachLineOfALongValueIsHiddenAndShortOnesAreNot) {
  SecretMask mask;
  mask.Add(With(
      {{"PEM", "-----BEGIN-----\r\nMIIBVgIBADAN\nabc\n"}, {"PIN", "12345"}}));
  EXPECT_THAT(mask.Mask(std::vector<std::string>{
                  "-----BEGIN-----", "MIIBVgIBADAN", "abc", "pin 12345"}),
              ElementsAre("***", "***", "abc", "pin 12345"));
}

TEST(SecretMask, WithoutSecretsNothingChanges) {
  SecretMask mask;
  AppSpec sealed;  // Its value has not been revealed.
  sealed.secrets["PASSWORD"] = "db-password";
  mask.Add(sealed);
  mask.Add(With({}, {{"A", "a plain value"}}));
  EXPECT_EQ(mask.Mask(std::string("a plain value")), "a plain value");
}

}  // namespace
}  // namespace fleet::agent
