// The values of secrets in a target, as they are kept on this host's disk.
#ifndef FLEET_NODE_AGENT_TARGET_SECRETS_H_
#define FLEET_NODE_AGENT_TARGET_SECRETS_H_

#include "absl/status/status.h"
#include "fleet/v1/agent_service.pb.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/sealed_text.h"

namespace fleet::agent {

// Values go from secret_values to sealed_secrets. Without a key they are
// dropped: they would lie open on the disk.
void SealSecrets(v1::AppTarget& target, const SealingKey* key);

// Puts the value of each secret that the spec names into its environment.
// FAILED_PRECONDITION names a secret that has none here, DATA_LOSS: they were
// sealed with another key.
absl::Status RevealSecrets(const v1::AppTarget& target, const SealingKey* key,
                           AppSpec& spec);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_TARGET_SECRETS_H_
