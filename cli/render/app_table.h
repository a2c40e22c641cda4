// `fleetctl ls`.
#ifndef FLEET_CLI_RENDER_APP_TABLE_H_
#define FLEET_CLI_RENDER_APP_TABLE_H_

#include <string>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/app_service.pb.h"

namespace fleet::cli {

// A row per app. `now` is calendar time.
std::string AppTable(const v1::ListAppsResponse& apps, absl::Time now,
                     const TextStyle& style);

// A row per worker process, by app, host and slot; hosts without one have a
// row that says so.
std::string InstanceTable(const v1::ListAppsResponse& apps, absl::Time now,
                          const TextStyle& style);

// "0.3 %": of one core, as PM2 and top say it.
std::string CpuText(double cores);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_APP_TABLE_H_
