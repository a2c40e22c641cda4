// How `fleetctl monit` looks.
#ifndef FLEET_CLI_MONIT_MONIT_VIEW_H_
#define FLEET_CLI_MONIT_MONIT_VIEW_H_

#include "absl/time/time.h"
#include "cli/monit/cell_buffer.h"
#include "cli/monit/monit_state.h"
#include "cli/terminal.h"

namespace fleet::cli {

struct MonitFrame {
  TerminalSize size;
  absl::Time now;       // Steady time.
  absl::Time wall_now;  // Calendar time.
  // The terminal shows more than ASCII.
  bool utf8 = true;
};

// How the height is shared: a title, hosts, instances, logs, a line of keys.
// Each pane has a line of titles.
struct MonitLayout {
  size_t host_rows = 0;
  size_t instance_rows = 0;
  size_t log_rows = 0;
};
MonitLayout LayoutOf(const MonitState& state, const TerminalSize& size);

// Pure: the whole screen.
CellBuffer RenderMonit(const MonitState& state, const MonitFrame& frame);

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_MONIT_VIEW_H_
