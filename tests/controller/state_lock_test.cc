#include "controller/store/state_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

TEST(StateLock, SecondControllerIsRefusedAndToldThePid) {
  TempFolder folder;
  auto first = StateLock::Take(folder.path());
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = StateLock::Take(folder.path());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("pid " + std::to_string(getpid())));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(folder.path()));
}

TEST(StateLock, IsFreeAgainWhenItsHolderIsGone) {
  TempFolder folder;
  { ASSERT_TRUE(StateLock::Take(folder.path()).ok()); }
  EXPECT_TRUE(StateLock::Take(folder.path()).ok());
}

TEST(StateLock, MissingFolderIsAnErrorThatNamesIt) {
  auto lock = StateLock::Take("/nonexistent/fleet");
  ASSERT_FALSE(lock.ok());
  EXPECT_THAT(std::string(lock.status().message()),
              HasSubstr("/nonexistent/fleet"));
}

}  // namespace
}  // namespace fleet::controller
