// Points of time as ages.
#ifndef FLEET_CLI_RENDER_AGE_H_
#define FLEET_CLI_RENDER_AGE_H_

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace fleet::cli {

// "4.2s", "3h05m": from `then` to `now`, by calendar time. A `then` in the
// future (clocks of two machines) is "0s"; a `then` that is not set is "-".
std::string AgeText(absl::Time then, absl::Time now);
std::string AgeText(bool is_set, const google::protobuf::Timestamp& then,
                    absl::Time now);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_AGE_H_
