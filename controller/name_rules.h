// What a host may be called.
#ifndef FLEET_CONTROLLER_NAME_RULES_H_
#define FLEET_CONTROLLER_NAME_RULES_H_

#include <string>

#include "absl/status/status.h"

namespace fleet::controller {

// [a-zA-Z0-9][a-zA-Z0-9._-]{0,62}, so that it can stand in a selector, a file
// name and a log line. INVALID_ARGUMENT otherwise.
absl::Status CheckHostName(const std::string& name);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_NAME_RULES_H_
