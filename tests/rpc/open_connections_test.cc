// With real sockets, since what counts is what the kernel says of them.
#include "proto/rpc/open_connections.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fleet {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1000);

int Socket() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

TEST(OpenConnections, RefusesAboveTheBoundUntilOneIsClosed) {
  OpenConnections connections(2);
  const int first = Socket();
  const int second = Socket();
  const int third = Socket();
  EXPECT_TRUE(connections.Admit(first, kNow));
  EXPECT_TRUE(connections.Admit(second, kNow));
  EXPECT_FALSE(connections.Admit(third, kNow));
  EXPECT_EQ(connections.refused(), 1);
  close(first);
  // It has only just looked.
  EXPECT_FALSE(connections.Admit(third, kNow + absl::Milliseconds(50)));
  EXPECT_TRUE(connections.Admit(third, kNow + absl::Milliseconds(200)));
  EXPECT_EQ(connections.count(), 2U);
  close(second);
  close(third);
}

TEST(OpenConnections, ANumberThatIsAnotherDescriptorByNowIsNoConnection) {
  OpenConnections connections(1);
  const int number = Socket();
  EXPECT_TRUE(connections.Admit(number, kNow));
  // The kernel gives the lowest free number; say which, to be sure of it.
  const int other = Socket();
  dup2(other, number);
  EXPECT_TRUE(connections.Admit(other, kNow + absl::Seconds(1)));
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, other);
  EXPECT_TRUE(connections.Admit(number, kNow + absl::Seconds(2)));
  for (const int fd : {number, other, null}) close(fd);
}

TEST(OpenConnections, LeavesRoomForWhatElseAProcessOpens) {
  EXPECT_GT(MostConnections(), 0U);
  EXPECT_LE(MostConnections(), 24'000U);
}

}  // namespace
}  // namespace fleet
