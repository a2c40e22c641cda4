#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include "cli/rollout/rollout_verdict.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

TEST(ExitCode, TellsTheKindOfFailure) {
  const struct {
    absl::Status status;
    ExitCode code;
  } cases[] = {
      {absl::OkStatus(), ExitCode::kSuccess},
      {absl::InvalidArgumentError("x"), ExitCode::kError},
      {absl::NotFoundError("x"), ExitCode::kError},
      {absl::InternalError("x"), ExitCode::kError},
      {absl::AbortedError("x"), ExitCode::kError},
      {absl::UnauthenticatedError("x"), ExitCode::kNotPermitted},
      {absl::PermissionDeniedError("x"), ExitCode::kNotPermitted},
      {absl::UnavailableError("x"), ExitCode::kUnreachable},
      {absl::DeadlineExceededError("x"), ExitCode::kUnreachable},
      {ErrorWithReason(absl::StatusCode::kAborted, "x",
                       {"ROLLOUT_IN_PROGRESS", {}}),
       ExitCode::kConflict},
      {ErrorWithReason(absl::StatusCode::kAborted, "x", {"ETAG_MISMATCH", {}}),
       ExitCode::kConflict},
      {ErrorWithReason(absl::StatusCode::kNotFound, "x", {"APP_NOT_FOUND", {}}),
       ExitCode::kError},
  };
  for (const auto& c : cases) EXPECT_EQ(ExitCodeOf(c.status), c.code);
}

TEST(ExitCode, HasTheNumbersThatScriptsKnow) {
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Verdict::kSucceeded)), 0);
  EXPECT_EQ(static_cast<int>(ExitCode::kError), 1);
  EXPECT_EQ(static_cast<int>(ExitCode::kUsage), 2);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Verdict::kFailed)), 3);
  EXPECT_EQ(static_cast<int>(ExitCode::kNotPermitted), 4);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Verdict::kAborted)), 5);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Verdict::kSuperseded)), 5);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Verdict::kGoing)), 6);
  EXPECT_EQ(static_cast<int>(ExitCode::kUnreachable), 7);
  EXPECT_EQ(static_cast<int>(ExitCode::kConflict), 8);
  EXPECT_EQ(static_cast<int>(ExitCode::kInterrupted), 130);
}

}  // namespace
}  // namespace fleet::cli
