// `fleetctl hosts`.
#ifndef FLEET_CLI_RENDER_HOST_TABLE_H_
#define FLEET_CLI_RENDER_HOST_TABLE_H_

#include <string>

#include "cli/render/app_table.h"
#include "fleet/v1/host_service.pb.h"

namespace fleet::cli {

// A row per host, and below what of it does not fit a column; wide adds what
// the agent says of itself. Fits 80 columns.
std::string HostTable(const v1::ListHostsResponse& hosts,
                      const TableView& view);

// "role=web,zone=a" by key, "-" when there is none.
std::string LabelsText(const v1::Host& host);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_HOST_TABLE_H_
