// `fleetctl show APP`.
#ifndef FLEET_CLI_RENDER_APP_DETAILS_H_
#define FLEET_CLI_RENDER_APP_DETAILS_H_

#include <string>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/app.pb.h"

namespace fleet::cli {

// Spec, revisions, what each host says, how workers ended, the rollout under
// way. Values of env are not shown, they may be secrets. `now` is calendar
// time.
std::string AppDetails(const v1::App& app, absl::Time now,
                       const TextStyle& style);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_APP_DETAILS_H_
