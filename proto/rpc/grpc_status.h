// The one place where absl::Status and grpc::Status turn into each other.
#ifndef FLEET_PROTO_RPC_GRPC_STATUS_H_
#define FLEET_PROTO_RPC_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace fleet {

// A status with an ErrorReason carries it as google.rpc.ErrorInfo, domain
// "fleet", in a google.rpc.Status in the details
// (https://google.aip.dev/193). The message is cut at 3,000 bytes, since it
// travels in a header.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The reverse; details of another domain, or that are broken, are left out.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_GRPC_STATUS_H_
