// The programs' own log.
#ifndef FLEET_PROTO_RPC_LOGGING_H_
#define FLEET_PROTO_RPC_LOGGING_H_

#include <string_view>

#include "absl/status/status.h"

namespace fleet {

// Makes spdlog's default logger write to stderr, one line a message:
// "2026-01-31T12:00:00.123Z info  fleet-agent: text". A newline within a
// message is written as "\n". gRPC's own messages are off unless the variable
// GRPC_VERBOSITY is set. Called once by main, before other threads and gRPC
// start.
//
// `level` is trace, debug, info, warn, error or off; INVALID_ARGUMENT
// otherwise.
absl::Status SetUpLogging(std::string_view program, std::string_view level);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_LOGGING_H_
