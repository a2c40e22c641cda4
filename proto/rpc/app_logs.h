// Where the output of an app's workers goes: a part of AppSpec.
// fleet/v1/app.proto says what each field means.
#ifndef FLEET_PROTO_RPC_APP_LOGS_H_
#define FLEET_PROTO_RPC_APP_LOGS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace fleet {

// LogPolicy::log_file that stands for a file in the agent's own folder.
inline constexpr std::string_view kAutoLogFile = "auto";

struct LogPolicy {
  std::string out_file;  // Empty: in the agent's own folder.
  std::string error_file;
  bool merge = false;
  int64_t max_size_bytes = 10 << 20;
  int max_files = 10;
  bool disabled = false;
  std::string log_file;     // Empty: none; or kAutoLogFile.
  std::string date_format;  // Empty: no time before a line.
  bool json = false;
  bool compress = false;
  absl::Duration rotate_interval;  // Zero: by size alone.
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_APP_LOGS_H_
