// `fleetctl env APP[.N]`.
#ifndef FLEET_CLI_RENDER_ENV_LIST_H_
#define FLEET_CLI_RENDER_ENV_LIST_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/rpc/app_spec.h"

namespace fleet::cli {

// The variables that the spec gives to its workers, sorted, and the value of
// each; of a secret only its name ("<secret db-password>"). With a `slot`,
// those that differ from instance to instance have its values; else they are
// shown as "<instance>".
std::vector<std::pair<std::string, std::string>> EnvOf(const AppSpec& spec,
                                                       std::optional<int> slot);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_ENV_LIST_H_
