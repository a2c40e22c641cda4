// The units of deploy/systemd, as they were when fleetctl was built.
#ifndef FLEET_CLI_LOCAL_SYSTEMD_UNITS_H_
#define FLEET_CLI_LOCAL_SYSTEMD_UNITS_H_

#include <string_view>

namespace fleet::cli {

std::string_view AgentUnit();
std::string_view ControllerUnit();

}  // namespace fleet::cli

#endif  // FLEET_CLI_LOCAL_SYSTEMD_UNITS_H_
