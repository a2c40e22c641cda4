// Hosts that take no rollouts, in words.
#ifndef FLEET_CLI_RENDER_CORDON_TEXT_H_
#define FLEET_CLI_RENDER_CORDON_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "fleet/v1/host.pb.h"

namespace fleet::cli {

// All pure.

// "cordoned", "drained".
std::string CordonWord(const v1::Cordon& cordon);
// "host-2 is drained by ann, 3m ago: kernel upgrade; fleetctl uncordon host-2".
std::string CordonText(const std::string& host, const v1::Cordon& cordon,
                       absl::Time now);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_CORDON_TEXT_H_
