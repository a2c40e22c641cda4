#include "proto/rpc/tcp_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "proto/rpc/clock.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;

class TcpListenerTest : public ::testing::Test {
 protected:
  ~TcpListenerTest() override {
    for (const int fd : fds_) close(fd);
  }

  absl::StatusOr<std::unique_ptr<TcpListener>> Open(const std::string& address,
                                                    size_t most = 10) {
    return TcpListener::Open(loop_, *ParseAddress(address), most,
                             [this](int fd) {
                               fds_.push_back(fd);
                               ++accepted_;
                             });
  }
  int Connect(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    fds_.push_back(fd);
    return fd;
  }
  void Turn() { loop_.RunOnce(absl::Seconds(10)); }

  SystemClock clock_;
  EventLoop loop_{clock_};
  std::vector<int> fds_;
  int accepted_ = 0;
};

TEST_F(TcpListenerTest, ListensAtNumbersNamesAndWildcards) {
  for (const char* address :
       {"127.0.0.1:0", "localhost:0", "0.0.0.0:0", "[::]:0"}) {
    auto listener = Open(address);
    ASSERT_TRUE(listener.ok()) << address << listener.status();
    ASSERT_NE((*listener)->port(), 0);
    accepted_ = 0;
    Connect((*listener)->port());
    while (accepted_ == 0) Turn();
  }
}

TEST_F(TcpListenerTest, ClosesWhatIsAboveTheBoundAndServesTheRest) {
  auto listener = Open("127.0.0.1:0", 2);
  ASSERT_TRUE(listener.ok()) << listener.status();
  Connect((*listener)->port());
  Connect((*listener)->port());
  while (accepted_ < 2) Turn();
  const int third = Connect((*listener)->port());
  while ((*listener)->refused() == 0) Turn();
  char byte = 0;
  EXPECT_EQ(recv(third, &byte, 1, 0), 0);
  EXPECT_EQ(accepted_, 2);
}

TEST_F(TcpListenerTest, SaysWhyItCannot) {
  auto first = Open("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const std::string taken = "127.0.0.1:" + std::to_string((*first)->port());
  const struct {
    std::string address;
    const char* why;
  } kCases[] = {{taken, "is taken"},
                {"192.0.2.1:0", "not one of this machine's"}};
  for (const auto& c : kCases) {
    const absl::Status status = Open(c.address).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << c.address;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
}

}  // namespace
}  // namespace fleet
