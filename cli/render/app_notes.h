// What the user must know of apps beside their states.
#ifndef FLEET_CLI_RENDER_APP_NOTES_H_
#define FLEET_CLI_RENDER_APP_NOTES_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fleet/v1/app_service.pb.h"

namespace fleet::cli {

// One line per matter, by app: a rollout under way, several revisions at once,
// hosts that are away, steps that failed, instances that crash, each with the
// command that tells more. At most 12 lines; the rest are counted in one more.
// `now` is calendar time.
std::vector<std::string> AppNotes(const v1::ListAppsResponse& apps,
                                  absl::Time now);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_APP_NOTES_H_
