#include "proto/rpc/proto_time.h"

#include <algorithm>

namespace fleet {
namespace {

constexpr int64_t kMinSeconds = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kMaxSeconds = 253402300799;  // 9999-12-31T23:59:59Z
constexpr int64_t kMaxDuration = 315576000000;

}  // namespace

google::protobuf::Timestamp ToProtoTimestamp(absl::Time t) {
  t = std::clamp(t, absl::FromUnixSeconds(kMinSeconds),
                 absl::FromUnixSeconds(kMaxSeconds));
  // Rounds down, so that nanos is never negative.
  int64_t seconds = absl::ToUnixSeconds(t);
  google::protobuf::Timestamp result;
  result.set_seconds(seconds);
  result.set_nanos(static_cast<int>(
      absl::ToInt64Nanoseconds(t - absl::FromUnixSeconds(seconds))));
  return result;
}

google::protobuf::Duration ToProtoDuration(absl::Duration d) {
  d = std::clamp(d, absl::Seconds(-kMaxDuration), absl::Seconds(kMaxDuration));
  google::protobuf::Duration result;
  result.set_seconds(absl::IDivDuration(d, absl::Seconds(1), &d));
  result.set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(d)));
  return result;
}

absl::Time FromProto(const google::protobuf::Timestamp& t) {
  return absl::FromUnixSeconds(t.seconds()) + absl::Nanoseconds(t.nanos());
}

absl::Duration FromProto(const google::protobuf::Duration& d) {
  return absl::Seconds(d.seconds()) + absl::Nanoseconds(d.nanos());
}

}  // namespace fleet
