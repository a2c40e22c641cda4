#include "proto/rpc/socket_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/rpc/temp_folder.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;

TEST(SocketLock, IsTakenOnceAndFreeAgainAtItsEnd) {
  TempFolder folder;
  std::string path = folder.File("s.sock");
  {
    auto lock = SocketLock::Take(path);
    ASSERT_TRUE(lock.ok()) << lock.status();
    SocketLock moved = *std::move(lock);
    auto second = SocketLock::Take(path);
    EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_THAT(std::string(second.status().message()),
                HasSubstr(std::to_string(getpid())));
  }
  EXPECT_TRUE(SocketLock::Take(path).ok());
}

TEST(SocketLock, SaysWhenTheFolderIsMissing) {
  auto lock = SocketLock::Take("/nonexistent/s.sock");
  EXPECT_EQ(lock.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fleet
