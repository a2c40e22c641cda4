// Points in time as people type them for logs.
#ifndef FLEET_CLI_LOG_TIME_H_
#define FLEET_CLI_LOG_TIME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleet::cli {

// "10m" (that long ago), "2024-02-09", "2024-02-09 15:04[:05]" (also with a T,
// and with Z or +02:00 at the end), "15:04[:05]" (today), "today", "yesterday";
// without an offset in `zone`. INVALID_ARGUMENT says so. Pure.
absl::StatusOr<absl::Time> ParseLogTime(const std::string& text, absl::Time now,
                                        absl::TimeZone zone);

}  // namespace fleet::cli

#endif  // FLEET_CLI_LOG_TIME_H_
