// `fleetctl ls --sort`.
#ifndef FLEET_CLI_RENDER_APP_ORDER_H_
#define FLEET_CLI_RENDER_APP_ORDER_H_

#include <string>

#include "fleet/v1/app_service.pb.h"

namespace fleet::cli {

// By "name", "id", "cpu", "memory", "restarts", "uptime" or "state" (also
// "mem", "status"), with ":desc" the other way round; equal ones stay in their
// order, and so do all when `order` is empty.
void SortApps(const std::string& order, v1::ListAppsResponse& apps);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_APP_ORDER_H_
