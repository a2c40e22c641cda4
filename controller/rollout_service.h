// fleet.v1.RolloutService.
#ifndef FLEET_CONTROLLER_ROLLOUT_SERVICE_H_
#define FLEET_CONTROLLER_ROLLOUT_SERVICE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/call_gate.h"
#include "controller/rollout_driver.h"
#include "controller/rollout_ports.h"
#include "fleet/v1/rollout_service.grpc.pb.h"

namespace fleet::controller {

// An adapter: protobuf on one side, the driver on the other. Its methods run
// on gRPC's threads and post to the gate's loop.
class RolloutService final : public v1::RolloutService::CallbackService {
 public:
  // All must outlive it.
  RolloutService(CallGate& gate, RolloutDriver& driver, const AppCatalog& apps);

  grpc::ServerUnaryReactor* CreateRollout(
      grpc::CallbackServerContext* context,
      const v1::CreateRolloutRequest* request,
      v1::CreateRolloutResponse* response) override;
  grpc::ServerUnaryReactor* GetRollout(
      grpc::CallbackServerContext* context,
      const v1::GetRolloutRequest* request,
      v1::GetRolloutResponse* response) override;
  grpc::ServerUnaryReactor* ListRollouts(
      grpc::CallbackServerContext* context,
      const v1::ListRolloutsRequest* request,
      v1::ListRolloutsResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchRolloutResponse>* WatchRollout(
      grpc::CallbackServerContext* context,
      const v1::WatchRolloutRequest* request) override;
  grpc::ServerUnaryReactor* PauseRollout(
      grpc::CallbackServerContext* context,
      const v1::PauseRolloutRequest* request,
      v1::PauseRolloutResponse* response) override;
  grpc::ServerUnaryReactor* ResumeRollout(
      grpc::CallbackServerContext* context,
      const v1::ResumeRolloutRequest* request,
      v1::ResumeRolloutResponse* response) override;
  grpc::ServerUnaryReactor* AbortRollout(
      grpc::CallbackServerContext* context,
      const v1::AbortRolloutRequest* request,
      v1::AbortRolloutResponse* response) override;
  grpc::ServerUnaryReactor* RetryRollout(
      grpc::CallbackServerContext* context,
      const v1::RetryRolloutRequest* request,
      v1::RetryRolloutResponse* response) override;
  grpc::ServerUnaryReactor* PromoteRollout(
      grpc::CallbackServerContext* context,
      const v1::PromoteRolloutRequest* request,
      v1::PromoteRolloutResponse* response) override;
  grpc::ServerUnaryReactor* UndoRollout(
      grpc::CallbackServerContext* context,
      const v1::UndoRolloutRequest* request,
      v1::UndoRolloutResponse* response) override;
  grpc::ServerUnaryReactor* DiffRollout(
      grpc::CallbackServerContext* context,
      const v1::DiffRolloutRequest* request,
      v1::DiffRolloutResponse* response) override;

 private:
  // An order to one rollout: what pause, resume, abort, retry and promote have
  // in common.
  template <class Request, class Response, class Act>
  grpc::ServerUnaryReactor* Ordered(grpc::CallbackServerContext* context,
                                    const char* method, const Request* request,
                                    Response* response, Act act);
  absl::Status CheckSupersede(const v1::CreateRolloutRequest& request,
                              const Identity& caller) const;
  absl::Status Create(const v1::CreateRolloutRequest& request,
                      const Identity& caller, v1::Rollout* response);
  absl::StatusOr<Rollout> Undo(const v1::UndoRolloutRequest& request,
                               const std::string& actor);
  absl::Status Diff(const v1::DiffRolloutRequest& request,
                    const CallerView& view, v1::DiffRolloutResponse& response);
  absl::Status List(const v1::ListRolloutsRequest& request,
                    const CallerView& view, v1::ListRolloutsResponse& response);
  // The result as the caller sees it, or its error.
  absl::Status Answer(const Identity& caller,
                      const absl::StatusOr<Rollout>& rollout,
                      v1::Rollout* response) const;
  // One that was validated only.
  absl::Status AnswerPlan(const Identity& caller, const Rollout& plan,
                          v1::Rollout* response) const;

  CallGate& gate_;
  RolloutDriver& driver_;
  const AppCatalog& apps_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_SERVICE_H_
