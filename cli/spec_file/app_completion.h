// What an app gets beyond the fields it sets: paths made absolute, its name,
// and PM2's rules that look at several fields.
#ifndef FLEET_CLI_SPEC_FILE_APP_COMPLETION_H_
#define FLEET_CLI_SPEC_FILE_APP_COMPLETION_H_

#include "cli/spec_file/app_reader.h"

namespace fleet::cli {

// Used by AppReader, once all fields of `app` are in `spec`; `findings` says
// which were.
void CompleteSpec(const Value& app, const AppReaderOptions& options,
                  const Findings& findings, AppSpec& spec);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_APP_COMPLETION_H_
