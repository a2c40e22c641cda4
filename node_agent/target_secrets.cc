#include "node_agent/target_secrets.h"

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {

void SealSecrets(v1::AppTarget& target, const SealingKey* key) {
  if (target.secret_values().empty()) return;
  v1::AppTarget values;
  values.mutable_secret_values()->swap(*target.mutable_secret_values());
  if (key == nullptr) return;
  target.set_sealed_secrets(
      key->Seal(values.SerializeAsString(), target.app_uid()));
}

absl::Status RevealSecrets(const v1::AppTarget& target, const SealingKey* key,
                           AppSpec& spec) {
  if (spec.secrets.empty()) return absl::OkStatus();
  v1::AppTarget values;
  if (key != nullptr && !target.sealed_secrets().empty()) {
    absl::StatusOr<std::string> text =
        key->Unseal(target.sealed_secrets(), target.app_uid());
    if (!text.ok()) {
      return absl::DataLossError(
          absl::StrCat("its secrets cannot be read: ", text.status().message(),
                       "; reload the app to get them anew"));
    }
    values.ParseFromString(*text);
  }
  for (const auto& [variable, secret] : spec.secrets) {
    auto value = values.secret_values().find(secret);
    if (value == values.secret_values().end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("env ", variable, ": secret ", secret,
                       " has no value here; set it (fleetctl secret set ",
                       secret, ") and reload the app"));
    }
    spec.env[variable] = value->second;
  }
  return absl::OkStatus();
}

}  // namespace fleet::agent
