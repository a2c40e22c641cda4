// Hooks and metric gates of a rollout's policy, as they stand in a file.
#ifndef FLEET_CLI_SPEC_FILE_POLICY_VALUE_H_
#define FLEET_CLI_SPEC_FILE_POLICY_VALUE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "cli/spec_file/value.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet::cli {

// INVALID_ARGUMENT "expected WHAT, found WHAT", as ReadFieldValue.

// "npm ci", or {command: npm ci, timeout: 5m}.
absl::StatusOr<Hook> ReadHook(const Value& value);

// A list of texts as ParseGate takes them and of maps with the keys source,
// url, query, min, max, status, interval and timeout.
absl::StatusOr<std::vector<MetricGate>> ReadGates(const Value& value);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_POLICY_VALUE_H_
