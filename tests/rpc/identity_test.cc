#include "proto/rpc/identity.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace fleet {
namespace {

TEST(IdentityOfPeer, IsTheUserBehindAUnixSocket) {
  std::array<int, 2> pair;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  Identity identity = IdentityOfPeer("fd:" + std::to_string(pair[0]));
  close(pair[0]);
  close(pair[1]);
  EXPECT_EQ(identity.kind, Identity::Kind::kLocalUser);
  const passwd* me = getpwuid(geteuid());
  if (me != nullptr) {
    EXPECT_EQ(identity.name, me->pw_name);
  }
}

TEST(IdentityOfPeer, IsAnonymousOverTcp) {
  Identity identity = IdentityOfPeer("ipv4:127.0.0.1:40112");
  EXPECT_EQ(identity.kind, Identity::Kind::kAnonymous);
  EXPECT_EQ(identity.name, "anonymous@127.0.0.1:40112");
  EXPECT_EQ(IdentityOfPeer("fd:-7").kind, Identity::Kind::kAnonymous);
  EXPECT_EQ(IdentityOfPeer("").kind, Identity::Kind::kAnonymous);
}

}  // namespace
}  // namespace fleet
