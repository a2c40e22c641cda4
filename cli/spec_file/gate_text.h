// Metric gates as people write them.
#ifndef FLEET_CLI_SPEC_FILE_GATE_TEXT_H_
#define FLEET_CLI_SPEC_FILE_GATE_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet::cli {

// "restarts <= 0", "cpu <= 1.5", "memory <= 300M", "http http://host/health",
// "http http://host/health = 204", "prometheus http://host:9090 QUERY <= 0.01",
// "… <= 0.01 for 1m" (MetricGate::window).
// INVALID_ARGUMENT says what is expected.
absl::StatusOr<MetricGate> ParseGate(std::string_view text);

// "restarts", "cpu", …
absl::StatusOr<GateSource> ParseGateSource(std::string_view word);

// A limit of such a gate; of memory a size ("300M").
absl::StatusOr<double> ParseGateLimit(GateSource source, std::string_view text);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_GATE_TEXT_H_
