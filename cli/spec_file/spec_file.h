// Reads apps from whatever the user has: fleet.yaml, PM2's ecosystem files, a
// Procfile, or a bare script with flags.
#ifndef FLEET_CLI_SPEC_FILE_SPEC_FILE_H_
#define FLEET_CLI_SPEC_FILE_SPEC_FILE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/spec_file/value.h"
#include "proto/rpc/app_spec.h"

namespace fleet::cli {

struct SpecFile {
  // Valid, complete, with different names; never empty.
  std::vector<AppSpec> apps;
  // Lines for the user: fields that are not in force, unknown keys in PM2's
  // files.
  std::vector<std::string> notes;
};

struct SpecFileOptions {
  // --env.
  std::string env_name;
  // As AppReaderOptions::home.
  std::string home;
  // --only: names of the apps to take; empty: all.
  std::vector<std::string> only;
  // Fields from flags, a map. They go over those of the file, which must then
  // have one app.
  Value overrides = MapValue();
  // Variables that every app gets unless its spec sets them.
  std::map<std::string, std::string> imported_env;
};

// The apps of `path` (a FileKind other than kProgram). Looks at nothing but
// the file: whether programs exist is for the hosts to say.
//
// INVALID_ARGUMENT lists everything that is wrong, one a line, each with file
// and line where they are known. NOT_FOUND: no file, or no node to read it.
absl::StatusOr<SpecFile> LoadSpecFile(const std::string& path,
                                      const SpecFileOptions& options);

// One app that runs `script`, in the current folder unless flags say
// otherwise.
absl::StatusOr<SpecFile> SpecOfScript(const std::string& script,
                                      const SpecFileOptions& options);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_SPEC_FILE_H_
