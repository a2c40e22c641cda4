#include "cli/spec_file/node_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "cli/spec_file/child_output.h"
#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// Sets PATH for one test.
class ScopedPath {
 public:
  explicit ScopedPath(const std::string& path) : before_(getenv("PATH")) {
    setenv("PATH", path.c_str(), 1);
  }
  ~ScopedPath() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST(NodeConfig, EvaluatesCommonJs) {
  TempFolder folder;
  const std::string path = folder.Write(
      "ecosystem.config.js",
      "const n = 2;\nconsole.log('chatty');\n"
      "module.exports = {apps: [{script: `${n}.js`, env: {E: undefined}}]};");
  const auto value = EvaluateNodeConfig(path);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(ToJson(*value), "{\"apps\":[{\"script\":\"2.js\",\"env\":{}}]}");
}

TEST(NodeConfig, EvaluatesEsModulesAndFunctions) {
  TempFolder folder;
  const std::string path = folder.Write(
      "ecosystem.config.mjs", "export default async () => ({script: 'a'});");
  const auto value = EvaluateNodeConfig(path);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(ToJson(*value), "{\"script\":\"a\"}");
}

TEST(NodeConfig, SyntaxErrorIsNodesMessageWithFileAndLine) {
  TempFolder folder;
  const std::string path = folder.Write(
      "ecosystem.config.js", "module.exports = {\n  apps: [,\n  oops oops\n};");
  const std::string message(EvaluateNodeConfig(path).status().message());
  EXPECT_THAT(message, HasSubstr(path + ":3"));
  EXPECT_THAT(message, HasSubstr("SyntaxError"));
  EXPECT_THAT(message, Not(HasSubstr("cjs/loader"))) << "a place in node";
  EXPECT_THAT(message, Not(HasSubstr("    at ")));
}

TEST(NodeConfig, ThrownErrorIsShown) {
  TempFolder folder;
  const std::string path =
      folder.Write("ecosystem.config.js", "\nthrow new Error('no DB_URL');");
  const std::string message(EvaluateNodeConfig(path).status().message());
  EXPECT_THAT(message, HasSubstr(path + ":2\n"));
  EXPECT_THAT(message, HasSubstr("Error: no DB_URL"));
  EXPECT_THAT(message, Not(HasSubstr("[eval]")));
  EXPECT_THAT(message, Not(HasSubstr("    at ")));
}

TEST(NodeConfig, WhatNestsTooDeepIsRefused) {
  TempFolder folder;
  const std::string path =
      folder.Write("ecosystem.config.js",
                   "let a = []; for (let i = 0; i < 1000; ++i) a = [a];\n"
                   "module.exports = {apps: a};");
  EXPECT_THAT(std::string(EvaluateNodeConfig(path).status().message()),
              HasSubstr("nest deeper than 100"));
}

TEST(NodeConfig, SaysThatThereIsNoNode) {
  TempFolder folder;
  const std::string path = folder.Write("ecosystem.config.js", "");
  const ScopedPath empty(folder.path());
  const absl::Status status = EvaluateNodeConfig(path).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("there is no node"));
}

TEST(NodeConfig, JsonMayHaveComments) {
  TempFolder folder;
  const std::string path =
      folder.Write("ecosystem.json", "{\n // two\n \"instances\": 2,\n}");
  const auto value = EvaluateRelaxedJson(path);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(ToJson(*value), "{\"instances\":2}");
}

TEST(ChildOutput, EndsAProgramThatTakesTooLong) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      RunForOutput({"sleep", "600"}, absl::Milliseconds(1)).status()));
}

TEST(ChildOutput, TakesWhatItSays) {
  const auto output = RunForOutput(
      {"sh", "-c", "echo out; echo err >&2; echo result >&3; exit 7"},
      absl::Seconds(30));
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->messages, "out\nerr\n");
  EXPECT_EQ(output->result, "result\n");
  EXPECT_EQ(output->exit_code, 7);
}

}  // namespace
}  // namespace fleet::cli
