// A rollout on a terminal: a line per host.
#ifndef FLEET_CLI_ROLLOUT_ROLLOUT_BOARD_H_
#define FLEET_CLI_ROLLOUT_ROLLOUT_BOARD_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "cli/terminal.h"
#include "fleet/v1/rollout.pb.h"

namespace fleet::cli {

// A title, a line for each host (name, bar, phase, instances, time, reason), a
// line that sums up, and what to type where it waits for a person. No line is
// wider than the terminal, and there are fewer lines than it has; when not all
// hosts fit, those in work and those that failed come first and the rest is
// counted. `now` is calendar time; `with_hold`: the line that sums up also says
// why nobody is admitted.
std::vector<std::string> RolloutBoard(const v1::Rollout& rollout,
                                      const TerminalSize& size, absl::Time now,
                                      const TextStyle& style,
                                      bool with_hold = true);

// "█████░░░░░", `width` characters.
std::string ProgressBar(int done, int total, int width);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ROLLOUT_ROLLOUT_BOARD_H_
