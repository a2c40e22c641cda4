// JSON that a program printed.
#ifndef FLEET_CLI_SPEC_FILE_JSON_READER_H_
#define FLEET_CLI_SPEC_FILE_JSON_READER_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/spec_file/value.h"

namespace fleet::cli {

// Without lines. INVALID_ARGUMENT says where the text stops being JSON, or
// that it is more than 100 levels deep.
absl::StatusOr<Value> ReadJson(const std::string& text);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_JSON_READER_H_
