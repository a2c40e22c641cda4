// Orders of `fleetctl monit` as calls.
#ifndef FLEET_CLI_MONIT_MONIT_ORDER_H_
#define FLEET_CLI_MONIT_MONIT_ORDER_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/fleet_client.h"
#include "cli/monit/monit_state.h"

namespace fleet::cli {

// Blocks until the controller has taken the order. What to tell the user.
absl::StatusOr<std::string> GiveOrder(FleetClient& client,
                                      const MonitOrder& order);

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_MONIT_ORDER_H_
