#include "proto/rpc/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <string>

namespace fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(SetUpLogging, WritesOneLineAMessageToStderr) {
  ASSERT_TRUE(SetUpLogging("fleet-agent", "info").ok());
  testing::internal::CaptureStderr();
  spdlog::debug("not shown");
  spdlog::info("app {}: started\nworker 1", "web");
  std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, MatchesRegex("....-..-..T..:..:......Z info  fleet-agent: "
                                 "app web: started\\\\nworker 1\n"));
}

TEST(SetUpLogging, LetsNoMessageSteerATerminal) {
  ASSERT_TRUE(SetUpLogging("fleet-agent", "info").ok());
  testing::internal::CaptureStderr();
  spdlog::info("a host named {}", "\x1b[2J\x7fü");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("named \\x1b[2J\\x7fü\n"));
}

TEST(SetUpLogging, RefusesUnknownLevels) {
  absl::Status status = SetUpLogging("x", "loud");
  EXPECT_THAT(std::string(status.message()), HasSubstr("loud"));
}

}  // namespace
}  // namespace fleet
