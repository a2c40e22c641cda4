// fleet.v1.HostService.
#ifndef FLEET_CONTROLLER_HOST_SERVICE_H_
#define FLEET_CONTROLLER_HOST_SERVICE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "controller/call_gate.h"
#include "controller/fleet_core.h"
#include "fleet/v1/host_service.grpc.pb.h"

namespace fleet::controller {

// An adapter: its methods run on gRPC's threads and post to the gate's loop.
class HostService final : public v1::HostService::CallbackService {
 public:
  // All must outlive it. `start_time` is calendar time.
  HostService(CallGate& gate, FleetCore& core, absl::Time start_time)
      : gate_(gate), core_(core), start_time_(start_time) {}

  grpc::ServerUnaryReactor* ListHosts(grpc::CallbackServerContext* context,
                                      const v1::ListHostsRequest* request,
                                      v1::ListHostsResponse* response) override;
  grpc::ServerUnaryReactor* GetHost(grpc::CallbackServerContext* context,
                                    const v1::GetHostRequest* request,
                                    v1::GetHostResponse* response) override;
  grpc::ServerUnaryReactor* DeleteHost(
      grpc::CallbackServerContext* context,
      const v1::DeleteHostRequest* request,
      v1::DeleteHostResponse* response) override;
  grpc::ServerUnaryReactor* CordonHost(
      grpc::CallbackServerContext* context,
      const v1::CordonHostRequest* request,
      v1::CordonHostResponse* response) override;
  grpc::ServerUnaryReactor* DrainHost(grpc::CallbackServerContext* context,
                                      const v1::DrainHostRequest* request,
                                      v1::DrainHostResponse* response) override;
  grpc::ServerUnaryReactor* UncordonHost(
      grpc::CallbackServerContext* context,
      const v1::UncordonHostRequest* request,
      v1::UncordonHostResponse* response) override;
  grpc::ServerUnaryReactor* SetHostLabels(
      grpc::CallbackServerContext* context,
      const v1::SetHostLabelsRequest* request,
      v1::SetHostLabelsResponse* response) override;
  grpc::ServerUnaryReactor* CheckHosts(
      grpc::CallbackServerContext* context,
      const v1::CheckHostsRequest* request,
      v1::CheckHostsResponse* response) override;
  grpc::ServerUnaryReactor* GetController(
      grpc::CallbackServerContext* context,
      const v1::GetControllerRequest* request,
      v1::GetControllerResponse* response) override;

 private:
  absl::Status List(const v1::ListHostsRequest& request, const CallerView& view,
                    v1::ListHostsResponse& response);
  absl::Status Get(const std::string& name, const CallerView& view,
                   v1::Host& host);
  absl::Status SetCordon(const std::string& name, bool drained,
                         const std::string& reason, const std::string& actor,
                         v1::Host& host);
  absl::Status SetLabels(const v1::SetHostLabelsRequest& request,
                         v1::Host& host);
  absl::Status Check(const std::string& selector, const CallerView& view,
                     v1::CheckHostsResponse& response, CallGate::Finish finish);
  void Describe(const CallerView& view,
                v1::GetControllerResponse& response) const;

  CallGate& gate_;
  FleetCore& core_;
  const absl::Time start_time_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HOST_SERVICE_H_
