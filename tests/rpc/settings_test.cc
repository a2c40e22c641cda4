#include "proto/rpc/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "proto/rpc/whole_file.h"
#include "proto/rpc/yaml_document.h"

namespace fleet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SettingsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  absl::StatusOr<Value> Read(const std::string& text, mode_t mode = 0644) {
    const std::string path = folder_ + "/policy.yaml";
    EXPECT_TRUE(ReplaceFile(path, text, mode).ok());
    chmod(path.c_str(), mode);
    return ReadSettingsFile(path);
  }

  std::string folder_ = "/tmp/fleet-settings-XXXXXX";
};

TEST_F(SettingsTest, GivesWhatStandsThere) {
  const Value map = *Read(
      "name: ci\nusers: [www, 1000]\none: alone\nopen: false\nttl: 15m\n"
      "match: {ref: main}\nrules:\n  - a: b\n");
  Settings settings("f", map);
  EXPECT_EQ(settings.RequiredText("name"), "ci");
  EXPECT_EQ(settings.Text("none"), "");
  EXPECT_THAT(*settings.Texts("users"), ElementsAre("www", "1000"));
  EXPECT_THAT(*settings.Texts("one"), ElementsAre("alone"));
  EXPECT_EQ(settings.Texts("none"), std::nullopt);
  EXPECT_EQ(settings.Bool("open"), false);
  EXPECT_EQ(settings.Duration("ttl"), absl::Minutes(15));
  EXPECT_EQ(settings.Map("match")->Find("ref")->text, "main");
  EXPECT_EQ(settings.Maps("rules")->size(), 1u);
  EXPECT_TRUE(settings.Finish().ok()) << settings.Finish();
}

TEST_F(SettingsTest, SaysWhatIsWrongAndWhere) {
  const struct {
    const char* text;
    const char* error;
  } kCases[] = {
      {"user: x\n", "f:1:1: user: there is no such setting; known: "},
      {"users: {a: b}\n", "f:1:8: users: must be a list"},
      {"users: [[a]]\n", "users: must be texts"},
      {"users: ['']\n", "users: must be texts"},
      {"name: [a]\n", "name: must be a text"},
      {"name: ''\n", "name: it is missing"},
      {"open: maybe\n", "open: must be true or false"},
      {"ttl: soon\n", "ttl: must be a time"},
      {"rules: [a]\n", "rules: must be a list of maps"},
      {"match: [a]\n", "match: must be a map"},
  };
  for (const auto& c : kCases) {
    const Value map = *ReadYaml(c.text, "f");
    Settings settings("f", map);
    settings.Texts("users");
    if (settings.Has("name")) settings.RequiredText("name");
    settings.Bool("open");
    settings.Duration("ttl");
    settings.Map("match");
    settings.Maps("rules");
    EXPECT_THAT(std::string(settings.Finish().message()), HasSubstr(c.error))
        << c.text;
  }
}

TEST_F(SettingsTest, AFileThatOthersCouldChangeIsNotBelieved) {
  EXPECT_TRUE(absl::IsPermissionDenied(Read("a: b\n", 0666).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(Read("a: b\n", 0664).status()));
  EXPECT_TRUE(Read("a: b\n", 0600).ok());
  if (geteuid() == 0) {
    const std::string path = folder_ + "/policy.yaml";
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    EXPECT_THAT(std::string(ReadSettingsFile(path).status().message()),
                HasSubstr("chown root"));
  }
}

TEST_F(SettingsTest, ABrokenFileIsAnError) {
  EXPECT_TRUE(absl::IsNotFound(ReadSettingsFile(folder_ + "/no").status()));
  for (const char* text : {"", "- a\n", "a: [\n", "a: 1\na: 2\n", "text"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Read(text).status())) << text;
  }
}

}  // namespace
}  // namespace fleet
