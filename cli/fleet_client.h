// fleetctl's side of the API: the one file that makes calls.
#ifndef FLEET_CLI_FLEET_CLIENT_H_
#define FLEET_CLI_FLEET_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/access/controller_access.h"
#include "fleet/v1/access_service.pb.h"
#include "fleet/v1/app_service.pb.h"
#include "fleet/v1/audit_service.pb.h"
#include "fleet/v1/host_service.pb.h"
#include "fleet/v1/log_service.pb.h"
#include "fleet/v1/rollout_service.pb.h"
#include "fleet/v1/secret_service.pb.h"
#include "proto/rpc/event_loop.h"

namespace grpc {
class ChannelInterface;
}  // namespace grpc

namespace fleet::cli {

// A call whose answers are still coming. Destroying it cancels the call; no
// handler runs afterwards. Loop thread only.
class StreamCall {
 public:
  virtual ~StreamCall() = default;
};

// Run on the loop's thread. on_end comes once, last, OK when the server ended
// the call by itself. One message is in memory at a time.
template <typename Response>
struct StreamHandlers {
  std::function<void(const Response&)> on_message;
  std::function<void(const absl::Status&)> on_end;
};

// Thread-safe. Call blocks, at most 30 s.
//
// Errors are the services' own, reasons included. UNAVAILABLE and
// DEADLINE_EXCEEDED name the address and say what to do.
class FleetClient {
 public:
  // access.address as ParseAddress takes it. Connects with the first call.
  static absl::StatusOr<std::unique_ptr<FleetClient>> Make(
      const ControllerAccess& access, bool insecure);
  FleetClient(std::shared_ptr<grpc::ChannelInterface> channel,
              std::string address);
  ~FleetClient();

  absl::StatusOr<v1::ApplyAppsResponse> Call(const v1::ApplyAppsRequest&);
  absl::StatusOr<v1::GetAppResponse> Call(const v1::GetAppRequest&);
  absl::StatusOr<v1::ListAppsResponse> Call(const v1::ListAppsRequest&);
  absl::StatusOr<v1::ScaleAppResponse> Call(const v1::ScaleAppRequest&);
  absl::StatusOr<v1::StopAppResponse> Call(const v1::StopAppRequest&);
  absl::StatusOr<v1::StartAppResponse> Call(const v1::StartAppRequest&);
  absl::StatusOr<v1::DeleteAppResponse> Call(const v1::DeleteAppRequest&);
  absl::StatusOr<v1::SignalAppResponse> Call(const v1::SignalAppRequest&);
  absl::StatusOr<v1::SendToAppResponse> Call(const v1::SendToAppRequest&);
  absl::StatusOr<v1::ResetAppResponse> Call(const v1::ResetAppRequest&);
  absl::StatusOr<v1::TriggerAppResponse> Call(const v1::TriggerAppRequest&);
  absl::StatusOr<v1::RestartInstanceResponse> Call(
      const v1::RestartInstanceRequest&);
  absl::StatusOr<v1::FlushLogsResponse> Call(const v1::FlushLogsRequest&);
  absl::StatusOr<v1::ReopenLogsResponse> Call(const v1::ReopenLogsRequest&);
  absl::StatusOr<v1::SetHostLabelsResponse> Call(
      const v1::SetHostLabelsRequest&);
  absl::StatusOr<v1::DeleteHostResponse> Call(const v1::DeleteHostRequest&);
  absl::StatusOr<v1::InspectAppResponse> Call(const v1::InspectAppRequest&);
  absl::StatusOr<v1::CheckHostsResponse> Call(const v1::CheckHostsRequest&);
  absl::StatusOr<v1::ListHostsResponse> Call(const v1::ListHostsRequest&);
  absl::StatusOr<v1::GetControllerResponse> Call(
      const v1::GetControllerRequest&);
  absl::StatusOr<v1::CreateRolloutResponse> Call(
      const v1::CreateRolloutRequest&);
  absl::StatusOr<v1::GetRolloutResponse> Call(const v1::GetRolloutRequest&);
  absl::StatusOr<v1::ListRolloutsResponse> Call(const v1::ListRolloutsRequest&);
  absl::StatusOr<v1::PauseRolloutResponse> Call(const v1::PauseRolloutRequest&);
  absl::StatusOr<v1::ResumeRolloutResponse> Call(
      const v1::ResumeRolloutRequest&);
  absl::StatusOr<v1::AbortRolloutResponse> Call(const v1::AbortRolloutRequest&);
  absl::StatusOr<v1::RetryRolloutResponse> Call(const v1::RetryRolloutRequest&);
  absl::StatusOr<v1::PromoteRolloutResponse> Call(
      const v1::PromoteRolloutRequest&);
  absl::StatusOr<v1::UndoRolloutResponse> Call(const v1::UndoRolloutRequest&);
  absl::StatusOr<v1::DiffRolloutResponse> Call(const v1::DiffRolloutRequest&);
  absl::StatusOr<v1::CordonHostResponse> Call(const v1::CordonHostRequest&);
  absl::StatusOr<v1::DrainHostResponse> Call(const v1::DrainHostRequest&);
  absl::StatusOr<v1::UncordonHostResponse> Call(const v1::UncordonHostRequest&);

  absl::StatusOr<v1::CreateTokenResponse> Call(const v1::CreateTokenRequest&);
  absl::StatusOr<v1::ListTokensResponse> Call(const v1::ListTokensRequest&);
  absl::StatusOr<v1::RevokeTokenResponse> Call(const v1::RevokeTokenRequest&);
  absl::StatusOr<v1::RevokeHostResponse> Call(const v1::RevokeHostRequest&);
  absl::StatusOr<v1::GetCallerResponse> Call(const v1::GetCallerRequest&);
  absl::StatusOr<v1::ListAuditRecordsResponse> Call(
      const v1::ListAuditRecordsRequest&);
  absl::StatusOr<v1::VerifyAuditResponse> Call(const v1::VerifyAuditRequest&);
  absl::StatusOr<v1::SetSecretResponse> Call(const v1::SetSecretRequest&);
  absl::StatusOr<v1::ListSecretsResponse> Call(const v1::ListSecretsRequest&);
  absl::StatusOr<v1::DeleteSecretResponse> Call(const v1::DeleteSecretRequest&);

  // `loop` must outlive the call.
  std::unique_ptr<StreamCall> Stream(
      const v1::WatchRolloutRequest& request, EventLoop& loop,
      StreamHandlers<v1::WatchRolloutResponse> handlers);
  std::unique_ptr<StreamCall> Stream(
      const v1::TailLogsRequest& request, EventLoop& loop,
      StreamHandlers<v1::TailLogsResponse> handlers);

  // Ends the calls that are under way, with CANCELLED, and all later ones.
  void CancelCalls();

  const std::string& address() const { return address_; }

 private:
  struct Stubs;
  struct Calls;

  absl::Status Explain(const absl::Status& status) const;
  template <typename Response, typename Stub, typename Request, typename Method>
  absl::StatusOr<Response> Unary(Stub& stub, Method method,
                                 const Request& request) const;

  std::string address_;
  std::unique_ptr<Stubs> stubs_;
  std::unique_ptr<Calls> calls_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_FLEET_CLIENT_H_
