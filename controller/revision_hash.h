// What of a spec needs new workers when it changes.
#ifndef FLEET_CONTROLLER_REVISION_HASH_H_
#define FLEET_CONTROLLER_REVISION_HASH_H_

#include <string>

#include "proto/rpc/app_spec.h"

namespace fleet::controller {

// `spec` without what changes while its workers go on: instances, hosts and
// the rollout policy. Two specs are the same revision when these are equal.
AppSpec WorkerSpec(AppSpec spec);

// 12 hexadecimal digits of the SHA-256 of WorkerSpec(spec).
std::string RevisionHash(const AppSpec& spec);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_REVISION_HASH_H_
