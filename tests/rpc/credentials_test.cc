#include "proto/rpc/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fleet {
namespace {

using ::testing::HasSubstr;

struct Case {
  std::string address;
  bool insecure;
  bool allowed;
};

TEST(Credentials, PlaintextNeverLeavesThisMachine) {
  const std::vector<Case> cases = {
      {"unix:///run/none.sock", false, true},
      {"unix:///run/none.sock", true, true},
      {"127.0.0.1:1", true, true},
      {"[::1]:1", true, true},
      {"127.0.0.1:1", false, false},
      {"0.0.0.0:1", true, false},
      {"10.0.0.1:1", true, false},
      {"example.org:1", true, false},
  };
  for (const Case& c : cases) {
    Address address = *ParseAddress(c.address);
    CredentialOptions options{c.insecure};
    EXPECT_EQ(ServerCredentialsFor(address, options).ok(), c.allowed)
        << c.address;
    EXPECT_EQ(ChannelCredentialsFor(address, options).ok(), c.allowed)
        << c.address;
  }
}

TEST(Credentials, RefusalSaysWhatToDo) {
  auto refused = ServerCredentialsFor(*ParseAddress("127.0.0.1:7"), {});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("--insecure"));
}

}  // namespace
}  // namespace fleet
