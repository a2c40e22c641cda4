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

TEST(SecretMask, EachLineOfALongValueIsHidden) {
  SecretMask mask;
  mask.Add(With({{"PEM", "-----BEGIN-----\r\nMIIBVgIBADAN\nAg==\n"},
                 {"JSON", "{\n  \"key\": 1\n}"}}));
  EXPECT_THAT(mask.Mask(std::vector<std::string>{
                  "-----BEGIN-----", "MIIBVgIBADAN", "Ag==", "{", "}"}),
              ElementsAre("***", "***", "***", "{", "}"));
}

TEST(SecretMask, AShortOneIsHiddenWhereItStandsAlone) {
  SecretMask mask;
  mask.Add(With({{"PIN", "12345"}, {"SIGN", "a!"}, {"USER", "ab"}}));
  for (const auto& [text, masked] : {
           std::pair("12345", "***"),
           std::pair("PIN=12345, 12345.", "PIN=***, ***."),
           std::pair("pin_12345: 12345:12345", "pin_***: ***:***"),
           // Found everywhere, they would hide what says nothing of them.
           std::pair("x12345 123456 0x12345f", "x12345 123456 0x12345f"),
           std::pair("1234512345 12345", "1234512345 ***"),
           // No letter and no digit: nothing of it goes on.
           std::pair("a!b ba! a!", "***b ba! ***"),
           std::pair("about ab\xc3\xa9 ab", "about ***\xc3\xa9 ***"),
           std::pair("", ""),
       }) {
    EXPECT_EQ(mask.Mask(std::string(text)), masked);
  }
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
