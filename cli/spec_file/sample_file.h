// A file to begin with, for `fleetctl ecosystem`.
#ifndef FLEET_CLI_SPEC_FILE_SAMPLE_FILE_H_
#define FLEET_CLI_SPEC_FILE_SAMPLE_FILE_H_

#include <string>

#include "cli/spec_file/file_kind.h"

namespace fleet::cli {

// Commented, and valid as it stands. In PM2's form for its kinds, otherwise
// in the native one.
std::string SampleFile(FileKind kind);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_SAMPLE_FILE_H_
