// Differences of specs, in the words of the file.
#ifndef FLEET_CLI_RENDER_DIFFERENCE_TEXT_H_
#define FLEET_CLI_RENDER_DIFFERENCE_TEXT_H_

#include <string>
#include <string_view>

namespace fleet::cli {

// "restart.max_memory_bytes: 0 → 314572800", as the controller says it,
// becomes "max_memory_restart: 0 → 300M". Safe to show on a terminal.
std::string DifferenceText(std::string_view difference);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_DIFFERENCE_TEXT_H_
