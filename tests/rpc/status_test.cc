#include "proto/rpc/status.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace fleet {
namespace {

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return absl::InvalidArgumentError("odd");
  return n / 2;
}

absl::StatusOr<int> Quarter(int n) {
  ASSIGN_OR_RETURN(int half, Half(n));
  RETURN_IF_ERROR(Half(half).status());
  return half / 2;
}

TEST(StatusMacros, EndTheFunctionWithTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_FALSE(Quarter(6).ok());
  EXPECT_FALSE(Quarter(3).ok());
}

TEST(ErrorReason, SurvivesAnnotation) {
  absl::Status status =
      ErrorWithReason(absl::StatusCode::kNotFound, "no app \"web\"",
                      {"APP_NOT_FOUND", {{"app", "web"}, {"empty", ""}}});
  absl::Status annotated = Annotate(status, "reload");
  EXPECT_EQ(annotated.message(), "reload: no app \"web\"");
  EXPECT_EQ(annotated.code(), absl::StatusCode::kNotFound);
  ErrorReason reason = ReasonOf(annotated);
  EXPECT_EQ(reason.reason, "APP_NOT_FOUND");
  EXPECT_EQ(reason.metadata["app"], "web");
  EXPECT_EQ(reason.metadata.count("empty"), 1);
  EXPECT_EQ(ReasonOf(absl::NotFoundError("x")).reason, "");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "x").ok());
}

TEST(ErrnoStatus, SaysWhatAndWhy) {
  absl::Status status = ErrnoStatus(ENOENT, "cannot open /x");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "cannot open /x: No such file or directory");
}

TEST(FleetCheck, EndsTheProcess) {
  EXPECT_DEATH(FLEET_CHECK(1 + 1 == 3), "check failed: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace fleet
