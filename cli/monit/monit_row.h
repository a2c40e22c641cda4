// The rows of the panes of `fleetctl monit`.
#ifndef FLEET_CLI_MONIT_MONIT_ROW_H_
#define FLEET_CLI_MONIT_MONIT_ROW_H_

#include <string>

#include "cli/monit/cell_buffer.h"
#include "cli/monit/monit_state.h"
#include "cli/monit/monit_view.h"
#include "cli/monit/usage_history.h"

namespace fleet::cli {

// In the columns of the rows below, for a terminal of this width.
std::string HostTitles(size_t width);
std::string InstanceTitles(size_t width);

void DrawHostRow(const v1::Host& host, const UsageSeries& usage,
                 const MonitFrame& frame, size_t y, CellBuffer& out);
void DrawInstanceRow(const InstanceRow& row, const UsageSeries& usage,
                     const MonitFrame& frame, size_t y, CellBuffer& out);
void DrawLogRow(const v1::LogLine& line, size_t y, CellBuffer& out);

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_MONIT_ROW_H_
