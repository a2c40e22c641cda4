#include "proto/rpc/grpc_status.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/rpc/status.h"

namespace fleet {
namespace {

TEST(GrpcStatus, CodeMessageAndReasonComeBack) {
  absl::Status status =
      ErrorWithReason(absl::StatusCode::kAborted, "rollout r-1 is under way",
                      {"ROLLOUT_IN_PROGRESS", {{"rollout", "r-1"}}});
  absl::Status back = FromGrpcStatus(ToGrpcStatus(status));
  EXPECT_EQ(back.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(back.message(), "rollout r-1 is under way");
  EXPECT_EQ(ReasonOf(back).reason, "ROLLOUT_IN_PROGRESS");
  EXPECT_EQ(ReasonOf(back).metadata.at("rollout"), "r-1");
}

TEST(GrpcStatus, PlainStatusHasNoDetails) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  grpc::Status status = ToGrpcStatus(absl::NotFoundError("x"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_details(), "");
  EXPECT_EQ(FromGrpcStatus(status), absl::NotFoundError("x"));
}

TEST(GrpcStatus, BrokenDetailsAreLeftOut) {
  grpc::Status status(grpc::StatusCode::INTERNAL, "x", "\xff\xff\xff");
  EXPECT_EQ(FromGrpcStatus(status), absl::InternalError("x"));
}

TEST(GrpcStatus, LongMessagesFitTheHeader) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "é";
  grpc::Status status = ToGrpcStatus(ErrorWithReason(
      absl::StatusCode::kInvalidArgument, text, {"SPEC_INVALID", {}}));
  EXPECT_LE(status.error_message().size() + status.error_details().size(),
            6100);
  EXPECT_EQ(ReasonOf(FromGrpcStatus(status)).reason, "SPEC_INVALID");
  EXPECT_EQ(status.error_message().size() % 2, 1);  // 2 n, and 3 of "…".
}

TEST(GrpcStatus, MetadataThatFitsNoHeaderIsLeftOut) {
  absl::Status status =
      ErrorWithReason(absl::StatusCode::kInternal, "x",
                      {"STORE_FAILED", {{"dump", std::string(5000, 'x')}}});
  ErrorReason reason = ReasonOf(FromGrpcStatus(ToGrpcStatus(status)));
  EXPECT_EQ(reason.reason, "STORE_FAILED");
  EXPECT_TRUE(reason.metadata.empty());
}

}  // namespace
}  // namespace fleet
