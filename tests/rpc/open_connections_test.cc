// With real sockets, since what counts is what the kernel says of them.
#include "proto/rpc/open_connections.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

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

TEST(OpenConnections, OneAddressHasAQuarterAndThisMachineAll) {
  std::map<int, std::string> addresses;
  OpenConnections connections(8, [&](int fd) { return addresses[fd]; });
  std::vector<int> open;
  absl::Time now = kNow;
  const auto admit = [&](const std::string& address) {
    const int fd = Socket();
    addresses[fd] = address;
    now += absl::Seconds(1);
    const bool admitted = connections.Admit(fd, now);
    if (admitted) {
      open.push_back(fd);
    } else {
      close(fd);
    }
    return admitted;
  };
  EXPECT_TRUE(admit("10.0.0.7"));
  EXPECT_TRUE(admit("10.0.0.7"));
  EXPECT_FALSE(admit("10.0.0.7"));
  EXPECT_TRUE(admit("10.0.0.8"));
  // One that has ended makes room for the next of its address.
  close(open[0]);
  EXPECT_TRUE(admit("10.0.0.7"));
  EXPECT_FALSE(admit("10.0.0.7"));
  // This machine's own are bounded by the whole alone: 3 and 5.
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(admit("")) << i;
  EXPECT_FALSE(admit(""));
  EXPECT_FALSE(admit("10.0.0.9"));
  EXPECT_EQ(connections.refused(), 4);
  for (size_t i = 1; i < open.size(); ++i) close(open[i]);
}

// What the kernel says of sockets that are connected, to nobody who answers.
TEST(OpenConnections, LoopbackIsThisMachine) {
  for (const char* address : {"127.0.0.1", "127.9.9.9", "::1"}) {
    sockaddr_storage peer{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(peer);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(peer);
    const bool four = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    peer.ss_family = four ? AF_INET : AF_INET6;
    ASSERT_TRUE(four || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
    v4.sin_port = htons(9);
    const int fd = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;  // A machine without IPv6.
    if (connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof peer) == 0) {
      EXPECT_EQ(OpenConnections::FarAddress(fd), "") << address;
    }
    close(fd);
  }
}

TEST(OpenConnections, LeavesRoomForWhatElseAProcessOpens) {
  EXPECT_GT(MostConnections(), 0U);
  EXPECT_LE(MostConnections(), 24'000U);
}

}  // namespace
}  // namespace fleet
