// absl's time ↔ protobuf's.
#ifndef FLEET_PROTO_RPC_PROTO_TIME_H_
#define FLEET_PROTO_RPC_PROTO_TIME_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace fleet {

// What lies outside protobuf's range (years 1 to 9999; ±10,000 years) is
// brought to its nearest end. An unset time is for the caller to leave unset.
google::protobuf::Timestamp ToProtoTimestamp(absl::Time t);
google::protobuf::Duration ToProtoDuration(absl::Duration d);

absl::Time FromProto(const google::protobuf::Timestamp& t);
absl::Duration FromProto(const google::protobuf::Duration& d);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_PROTO_TIME_H_
