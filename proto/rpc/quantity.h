// Amounts as people write and read them: durations, sizes, shares.
#ifndef FLEET_PROTO_RPC_QUANTITY_H_
#define FLEET_PROTO_RPC_QUANTITY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleet {

// "10s", "1m30s", "500ms", "1.5h", "2d"; a plain number is milliseconds, as in
// PM2's files. Never negative, at most 10 years. INVALID_ARGUMENT otherwise.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// Exact, and read back by ParseDuration: "1m30s", "500ms", "0".
std::string DurationText(absl::Duration d);
// For people, about three digits: "350ms", "4.2s", "1m02s", "3h05m", "2d04h".
std::string HumanDuration(absl::Duration d);

// "300M", "1G", "10K", "1.5GB", "4096" (bytes); a K is 1,024. Never negative.
absl::StatusOr<int64_t> ParseSize(std::string_view text);

// For people: "512 B", "12.3 MB", "1.50 GB"; a KB is 1,024 bytes.
std::string HumanSize(int64_t bytes);

// OK for "N" with N >= `minimum` and for "P%" with P from 0 to 100.
absl::Status CheckNumberOrPercent(std::string_view text, int minimum);

// "N", or "P%" of `total` rounded down; at least `minimum` either way.
// INVALID_ARGUMENT as by CheckNumberOrPercent.
absl::StatusOr<int> ResolveNumberOrPercent(std::string_view text, int total,
                                           int minimum);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_QUANTITY_H_
