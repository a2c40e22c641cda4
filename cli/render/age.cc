#include "cli/render/age.h"

#include <algorithm>

#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {

std::string AgeText(absl::Time then, absl::Time now) {
  if (then == absl::InfinitePast()) return "-";
  const absl::Duration age = std::max(now - then, absl::ZeroDuration());
  return age < absl::Milliseconds(1) ? "0s" : HumanDuration(age);
}

std::string AgeText(bool is_set, const google::protobuf::Timestamp& then,
                    absl::Time now) {
  return is_set ? AgeText(FromProto(then), now) : "-";
}

}  // namespace fleet::cli
