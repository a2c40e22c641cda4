// "Did you mean …?"
#ifndef FLEET_CLI_SPEC_FILE_NEAREST_NAME_H_
#define FLEET_CLI_SPEC_FILE_NEAREST_NAME_H_

#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

// The candidate that `name` most probably was meant to be: fewest letters to
// insert, drop, replace or swap, the first of equals, case and `-` for `_` not
// counted. Empty when none is near: over a third of the letters (over 1 of up
// to 4, over 2 of up to 8).
std::string NearestName(std::string_view name,
                        const std::vector<std::string>& candidates);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_NEAREST_NAME_H_
