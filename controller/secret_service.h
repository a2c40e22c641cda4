// fleet.v1.SecretService.
#ifndef FLEET_CONTROLLER_SECRET_SERVICE_H_
#define FLEET_CONTROLLER_SECRET_SERVICE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controller/access/secret_store.h"
#include "controller/app_registry.h"
#include "controller/call_gate.h"
#include "fleet/v1/secret_service.grpc.pb.h"

namespace fleet::controller {

// An adapter: its methods run on gRPC's threads and post to the gate's loop.
class SecretService final : public v1::SecretService::CallbackService {
 public:
  // All must outlive it.
  SecretService(CallGate& gate, SecretStore& secrets,
                const AppRegistry& registry)
      : gate_(gate), secrets_(secrets), registry_(registry) {}

  grpc::ServerUnaryReactor* SetSecret(grpc::CallbackServerContext* context,
                                      const v1::SetSecretRequest* request,
                                      v1::SetSecretResponse* response) override;
  grpc::ServerUnaryReactor* ListSecrets(
      grpc::CallbackServerContext* context,
      const v1::ListSecretsRequest* request,
      v1::ListSecretsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteSecret(
      grpc::CallbackServerContext* context,
      const v1::DeleteSecretRequest* request,
      v1::DeleteSecretResponse* response) override;

 private:
  absl::Status Delete(const std::string& name);
  v1::Secret ToProto(const SecretRecord& record) const;
  std::vector<std::string> AppsThatName(const std::string& secret) const;

  CallGate& gate_;
  SecretStore& secrets_;
  const AppRegistry& registry_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_SECRET_SERVICE_H_
