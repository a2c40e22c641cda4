#include "controller/secret_service.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using Effect = CallGate::Effect;

}  // namespace

std::vector<std::string> SecretService::AppsThatName(
    const std::string& secret) const {
  std::vector<std::string> apps;
  for (const auto& [name, uid] : registry_.names()) {
    const auto& used = registry_.FindByUid(uid)->record.spec.secrets;
    if (std::any_of(used.begin(), used.end(), [&](const auto& entry) {
          return entry.second == secret;
        })) {
      apps.push_back(name);
    }
  }
  return apps;
}

v1::Secret SecretService::ToProto(const SecretRecord& record) const {
  v1::Secret secret;
  secret.set_name(record.name);
  secret.set_version(record.version);
  *secret.mutable_create_time() = ToProtoTimestamp(record.create_time);
  *secret.mutable_update_time() = ToProtoTimestamp(record.update_time);
  secret.set_actor(record.actor);
  for (const std::string& app : AppsThatName(record.name)) {
    secret.add_apps(app);
  }
  return secret;
}

grpc::ServerUnaryReactor* SecretService::SetSecret(
    grpc::CallbackServerContext* context, const v1::SetSecretRequest* request,
    v1::SetSecretResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.SecretService/SetSecret", Effect::kChange, *request,
      [=, this](const Identity& caller) -> absl::Status {
        ASSIGN_OR_RETURN(
            SecretRecord record,
            secrets_.Set(request->name(), request->value(), caller.name));
        *response->mutable_secret() = ToProto(record);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* SecretService::ListSecrets(
    grpc::CallbackServerContext* context, const v1::ListSecretsRequest* request,
    v1::ListSecretsResponse* response) {
  return gate_.Unary(context, "/fleet.v1.SecretService/ListSecrets",
                     Effect::kRead, *request, [=, this](const Identity&) {
                       for (const auto& [name, record] : secrets_.secrets()) {
                         *response->add_secrets() = ToProto(record);
                       }
                       return absl::OkStatus();
                     });
}

absl::Status SecretService::Delete(const std::string& name) {
  const std::vector<std::string> apps = AppsThatName(name);
  if (apps.empty()) return secrets_.Delete(name);
  return ErrorWithReason(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("secret ", name, " is used by ", absl::StrJoin(apps, ", "),
                   "; apply specs without it first"),
      {"SECRET_IN_USE", {{"secret", name}}});
}

grpc::ServerUnaryReactor* SecretService::DeleteSecret(
    grpc::CallbackServerContext* context,
    const v1::DeleteSecretRequest* request, v1::DeleteSecretResponse*) {
  return gate_.Unary(
      context, "/fleet.v1.SecretService/DeleteSecret", Effect::kChange,
      *request, [=, this](const Identity&) { return Delete(request->name()); });
}

}  // namespace fleet::controller
