// When a worker is ready, and when it is taken for dead.
#ifndef FLEET_CLI_RENDER_HEALTH_TEXT_H_
#define FLEET_CLI_RENDER_HEALTH_TEXT_H_

#include <string>

#include "proto/rpc/app_spec.h"

namespace fleet::cli {

// "HTTP :3000/health and READY=1 (sd_notify), within 1m".
std::string ReadinessText(const AppSpec& spec);
// "gRPC :50051, each 10s, 3 failures end it"; empty: nothing looks.
std::string LivenessText(const Liveness& liveness);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_HEALTH_TEXT_H_
