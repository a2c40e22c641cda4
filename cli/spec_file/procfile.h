// Procfile: one app a line, "name: command".
#ifndef FLEET_CLI_SPEC_FILE_PROCFILE_H_
#define FLEET_CLI_SPEC_FILE_PROCFILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cli/spec_file/value.h"

namespace fleet::cli {

// A list of apps in the native form; a command is run by /bin/sh. Empty lines
// and lines that begin with # are left out. INVALID_ARGUMENT "FILE:LINE: …".
absl::StatusOr<Value> ReadProcfile(const std::string& text,
                                   std::string_view file);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_PROCFILE_H_
