// Flags of PM2 that commands here do not have.
#ifndef FLEET_CLI_PM2_FLAGS_H_
#define FLEET_CLI_PM2_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fleet::cli {

// Takes out of `args` those of PM2's flags that are not among `known` and
// without which a script written for PM2 does what it means; `taken` gets their
// names, for a note. `changes_apps`: the command is one of those to which PM2's
// users give one-letter flags. INVALID_ARGUMENT for a flag that means something
// which is done otherwise here; the message says how. Pure.
absl::Status TakePm2Flags(const std::vector<std::string>& known,
                          bool changes_apps, std::vector<std::string>& args,
                          std::vector<std::string>& taken);

}  // namespace fleet::cli

#endif  // FLEET_CLI_PM2_FLAGS_H_
