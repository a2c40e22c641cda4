// What a host and its labels may be called.
#ifndef FLEET_CONTROLLER_NAME_RULES_H_
#define FLEET_CONTROLLER_NAME_RULES_H_

#include <string>

#include "absl/status/status.h"

namespace fleet::controller {

// [a-zA-Z0-9][a-zA-Z0-9._-]{0,62}, so that it can stand in a selector, a file
// name and a log line. INVALID_ARGUMENT otherwise.
absl::Status CheckHostName(const std::string& name);

// Of a host: key and value are 1 to 63 letters, digits and . _ - /, so that a
// selector can name them. INVALID_ARGUMENT otherwise.
absl::Status CheckLabel(const std::string& key, const std::string& value);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_NAME_RULES_H_
