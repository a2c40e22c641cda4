#include "proto/rpc/unix_listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "tests/rpc/temp_folder.h"

namespace fleet {
namespace {

int Connect(const std::string& path) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

TEST(UnixListener, ServesThePathForItsUserAlone) {
  TempFolder folder;
  std::string path = folder.File("s.sock");
  SystemClock clock;
  EventLoop loop(clock);
  std::vector<int> fds;
  auto listener =
      UnixListener::Open(loop, path, [&fds](int fd) { fds.push_back(fd); });
  ASSERT_TRUE(listener.ok()) << listener.status();
  struct stat st;
  ASSERT_EQ(stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  fds.push_back(Connect(path));
  loop.RunOnce(absl::Seconds(10));
  ASSERT_EQ(fds.size(), 2);
  for (int fd : fds) close(fd);
}

// The path's mode keeps other users away; its peer's user is looked at all the
// same, for a socket whose mode somebody has changed.
TEST(UnixListener, HangsUpOnAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  TempFolder folder;
  std::string path = folder.File("s.sock");
  SystemClock clock;
  EventLoop loop(clock);
  int accepted = 0;
  auto listener = UnixListener::Open(loop, path, [&accepted](int fd) {
    ++accepted;
    close(fd);
  });
  ASSERT_TRUE(listener.ok()) << listener.status();
  chmod(path.substr(0, path.rfind('/')).c_str(), 0755);
  chmod(path.c_str(), 0666);
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (setresuid(kNobody, kNobody, kNobody) != 0) _exit(2);
    const int fd = Connect(path);
    char byte = 0;
    _exit(fd >= 0 && read(fd, &byte, 1) == 0 ? 0 : 1);
  }
  loop.RunOnce(absl::Seconds(10));
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(accepted, 0);
}

TEST(UnixListener, LeavesTheLiveOwnerAlone) {
  TempFolder folder;
  std::string path = folder.File("s.sock");
  SystemClock clock;
  EventLoop loop(clock);
  auto accepted = [](int fd) { close(fd); };
  auto first = UnixListener::Open(loop, path, accepted);
  auto second = UnixListener::Open(loop, path, accepted);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  int fd = Connect(path);
  EXPECT_GE(fd, 0);
  close(fd);
}

TEST(UnixListener, TakesOverWhatADeadOneLeftAndRemovesItAtItsEnd) {
  TempFolder folder;
  std::string path = folder.File("s.sock");
  {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address),
              0);
    close(fd);
  }
  SystemClock clock;
  EventLoop loop(clock);
  auto listener = UnixListener::Open(loop, path, [](int fd) { close(fd); });
  ASSERT_TRUE(listener.ok()) << listener.status();
  listener->reset();
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace fleet
