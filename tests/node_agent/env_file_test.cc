// Variables from files, and the pid file.
#include "node_agent/env_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "node_agent/pid_file.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

TEST(EnvFile, Lines) {
  auto variables = ParseEnvFile(
      "\xef\xbb\xbf# a comment\n"
      "; another\n"
      "\n"
      "PLAIN=one two  \n"
      "  export EXPORTED = spaced\n"
      "EMPTY=\n"
      "HASH=a#b # a comment\n"
      "ONLY_COMMENT=# nothing\n"
      "SINGLE='as $it \\n stands # all'\n"
      "DOUBLE=\"a\\tb \\\"q\\\" \\\\ \\$x \\d\" # after\n"
      "LINES=\"one\n"
      "two\"\n"
      "EQUALS=a=b=c\n"
      "WINDOWS=crlf\r\n"
      "LAST=no newline");
  ASSERT_TRUE(variables.ok()) << variables.status();
  EXPECT_EQ(*variables, (EnvFileVariables{
                            {"PLAIN", "one two"},
                            {"EXPORTED", "spaced"},
                            {"EMPTY", ""},
                            {"HASH", "a#b"},
                            {"ONLY_COMMENT", ""},
                            {"SINGLE", "as $it \\n stands # all"},
                            {"DOUBLE", "a\tb \"q\" \\ $x \\d"},
                            {"LINES", "one\ntwo"},
                            {"EQUALS", "a=b=c"},
                            {"WINDOWS", "crlf"},
                            {"LAST", "no newline"},
                        }));
}

TEST(EnvFile, WhatIsWrongHasALineNumber) {
  struct Case {
    std::string text;
    std::string message;
  };
  for (const Case& c :
       {Case{"A=1\nnonsense\n", "line 2 has no ="},
        Case{"\n\n1A=x\n", "line 3 \"1A\" is not a variable's name"},
        Case{"A B=x\n", "line 1 \"A B\" is not"},
        Case{"A=1\nB=\"open\nC=2\n", "line 2 has a \" that is never closed"},
        Case{std::string("A=x\0y", 5), "line 1 has a NUL"}}) {
    absl::Status status = ParseEnvFile(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_EQ(ToStd(status.message()).substr(0, c.message.size()), c.message);
  }
}

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string name = "/tmp/fleet-files-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~FilesTest() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) {
    std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string folder_;
};

TEST_F(FilesTest, LaterFilesGoOverEarlierOnes) {
  Write("a", "X=1\nY=1\n");
  std::string absolute = Write("b", "Y=2\n");
  auto variables = ReadEnvFiles({"a", absolute, "-missing"}, folder_);
  ASSERT_TRUE(variables.ok()) << variables.status();
  EXPECT_EQ(*variables, (EnvFileVariables{{"X", "1"}, {"Y", "2"}}));
}

TEST_F(FilesTest, ErrorsNameTheFile) {
  Write("bad", "nonsense");
  Write("long", std::string(kMaxEnvFileBytes + 1, '#'));
  for (const char* name : {"missing", "bad", "long", "."}) {
    absl::Status status = ReadEnvFiles({name}, folder_).status();
    EXPECT_FALSE(status.ok()) << name;
    EXPECT_NE(ToStd(status.message()).find(folder_ + "/" + name),
              std::string::npos)
        << status;
  }
  EXPECT_TRUE(absl::IsNotFound(ReadEnvFiles({"missing"}, folder_).status()));
}

TEST(PidFile, EveryInstanceHasItsOwn) {
  struct Case {
    std::string path;
    int instances;
    std::string expected;
  };
  for (const Case& c : {Case{"/run/web.pid", 1, "/run/web.pid"},
                        Case{"/run/web.pid", 2, "/run/web-3.pid"},
                        Case{"/run/web", 2, "/run/web-3"},
                        Case{"/run/v1.2/web", 2, "/run/v1.2/web-3"},
                        Case{"/run/.web", 2, "/run/.web-3"},
                        Case{"/run/%i/web.pid", 2, "/run/3/web.pid"},
                        Case{"/run/web.%i", 1, "/run/web.3"}}) {
    EXPECT_EQ(PidFilePath(c.path, 3, c.instances), c.expected);
  }
}

TEST_F(FilesTest, APidFileIsReplacedAndRemovedByItsOwnerAlone) {
  std::string path = folder_ + "/web.pid";
  ASSERT_TRUE(WritePidFile(path, 41).ok());
  EXPECT_EQ(Read(path), "41\n");
  ASSERT_TRUE(WritePidFile(path, 42).ok());
  RemovePidFile(path, 41);
  EXPECT_EQ(Read(path), "42\n");
  RemovePidFile(path, 42);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(FilesTest, APidFileIsNotWrittenThroughALink) {
  std::string precious = Write("precious", "data");
  std::string path = folder_ + "/web.pid";
  ASSERT_EQ(symlink(precious.c_str(), path.c_str()), 0);
  ASSERT_TRUE(WritePidFile(path, 42).ok());
  EXPECT_EQ(Read(precious), "data");
  EXPECT_EQ(Read(path), "42\n");
}

TEST_F(FilesTest, AFolderThatIsMissingIsAnError) {
  absl::Status status = WritePidFile(folder_ + "/no/web.pid", 1);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

}  // namespace
}  // namespace fleet::agent
