#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/admission_rate.h"
#include "controller/options.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

TEST(ControllerOptions, ReadsEveryOption) {
  auto options = ParseOptions(
      {"--state-dir", "/s", "--listen=unix:/a.sock", "--listen", "127.0.0.1:0",
       "--insecure", "--log-level", "debug", "--ready-fd", "3",
       "--host-cert-ttl", "1h", "--server-cert-ttl", "7d"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->state_dir, "/s");
  ASSERT_EQ(options->listen.size(), 2u);
  EXPECT_EQ(options->listen[1].ToString(), "tcp://127.0.0.1:0");
  EXPECT_TRUE(options->insecure);
  EXPECT_EQ(options->log_level, "debug");
  EXPECT_EQ(options->ready_fd, 3);
  EXPECT_EQ(options->host_certificate_ttl, absl::Hours(1));
  EXPECT_EQ(options->server_certificate_ttl, absl::Hours(7 * 24));
}

TEST(ControllerOptions, ListensAtASocketInItsFolderByDefault) {
  auto options = ParseOptions({"--state-dir", "/s"});
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->listen.size(), 1u);
  EXPECT_EQ(options->listen[0].path, "/s/controller.sock");
}

TEST(ControllerOptions, SaysWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "--state-dir is missing"},
      {{"--state-dir"}, "--state-dir needs a value"},
      {{"--state-dirr", "/s"}, "unknown option \"--state-dirr\""},
      {{"--state-dir", "/s", "--ready-fd", "x"}, "--ready-fd x"},
      {{"--state-dir", "/s", "--insecure=yes"}, "takes no value"},
      {{"--state-dir", "/s", "--listen", "nowhere"}, "nowhere"},
      {{"--state-dir", "/s", "--server-cert-ttl", "9s"}, "must be 10s to 30d"},
  };
  for (const auto& [args, message] : cases) {
    auto options = ParseOptions(args);
    ASSERT_FALSE(options.ok()) << message;
    EXPECT_THAT(std::string(options.status().message()), HasSubstr(message));
  }
}

TEST(ControllerOptions, HelpNeedsNothingElse) {
  EXPECT_TRUE(ParseOptions({"--help"})->help);
  EXPECT_TRUE(ParseOptions({"--version"})->version);
  EXPECT_THAT(HelpText(), HasSubstr("--ready-fd"));
}

TEST(AdmissionRate, LetsABurstInAndThenItsRate) {
  AdmissionRate rate(2, 3);
  absl::Time now = absl::FromUnixSeconds(1000);
  EXPECT_TRUE(rate.Admit(now));
  EXPECT_TRUE(rate.Admit(now));
  EXPECT_TRUE(rate.Admit(now));
  EXPECT_FALSE(rate.Admit(now));
  now += absl::Milliseconds(500);
  EXPECT_TRUE(rate.Admit(now));
  EXPECT_FALSE(rate.Admit(now));
  now += absl::Hours(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rate.Admit(now));
  EXPECT_FALSE(rate.Admit(now));
}

}  // namespace
}  // namespace fleet::controller
