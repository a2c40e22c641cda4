// `fleetctl hosts`.
#ifndef FLEET_CLI_RENDER_HOST_TABLE_H_
#define FLEET_CLI_RENDER_HOST_TABLE_H_

#include <string>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/host_service.pb.h"

namespace fleet::cli {

// A row per host; `wide` adds what the agent says of itself. `now` is calendar
// time.
std::string HostTable(const v1::ListHostsResponse& hosts, bool wide,
                      absl::Time now, const TextStyle& style);

// "role=web,zone=a" by key, "-" when there is none.
std::string LabelsText(const v1::Host& host);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_HOST_TABLE_H_
