#include "cli/fleet_client.h"

#include <grpcpp/create_channel.h>

#include <chrono>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/stream_thread.h"
#include "fleet/v1/access_service.grpc.pb.h"
#include "fleet/v1/app_service.grpc.pb.h"
#include "fleet/v1/audit_service.grpc.pb.h"
#include "fleet/v1/host_service.grpc.pb.h"
#include "fleet/v1/log_service.grpc.pb.h"
#include "fleet/v1/rollout_service.grpc.pb.h"
#include "fleet/v1/secret_service.grpc.pb.h"
#include "proto/rpc/address.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr std::chrono::seconds kCallLimit(30);
constexpr int kFirstReconnectMillis = 200;
constexpr int kLastReconnectMillis = 2000;

using Access = v1::AccessService::Stub;
using Apps = v1::AppService::Stub;
using Audit = v1::AuditService::Stub;
using Hosts = v1::HostService::Stub;
using Rollouts = v1::RolloutService::Stub;
using Secrets = v1::SecretService::Stub;

// gRPC's own words for a failed connection, without what says nothing.
std::string ConnectionError(absl::string_view message) {
  constexpr absl::string_view kLast = "last error: ";
  const size_t last = message.rfind(kLast);
  if (last != message.npos) message.remove_prefix(last + kLast.size());
  absl::ConsumePrefix(&message, "UNKNOWN: ");
  return std::string(message);
}

}  // namespace

struct FleetClient::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::ChannelInterface>& channel)
      : access(channel),
        apps(channel),
        audit(channel),
        hosts(channel),
        logs(channel),
        rollouts(channel),
        secrets(channel) {}

  v1::AccessService::Stub access;
  v1::AppService::Stub apps;
  v1::AuditService::Stub audit;
  v1::HostService::Stub hosts;
  v1::LogService::Stub logs;
  v1::RolloutService::Stub rollouts;
  v1::SecretService::Stub secrets;
};

// The unary calls that are under way.
struct FleetClient::Calls {
  std::mutex mutex;
  bool cancelled = false;                   // Guarded by mutex.
  std::set<grpc::ClientContext*> contexts;  // Guarded by mutex.

  void Begin(grpc::ClientContext& context) {
    const std::lock_guard<std::mutex> lock(mutex);
    contexts.insert(&context);
    if (cancelled) context.TryCancel();
  }
  void End(grpc::ClientContext& context) {
    const std::lock_guard<std::mutex> lock(mutex);
    contexts.erase(&context);
  }
  void CancelAll() {
    const std::lock_guard<std::mutex> lock(mutex);
    cancelled = true;
    for (grpc::ClientContext* context : contexts) context->TryCancel();
  }
};

absl::StatusOr<std::unique_ptr<FleetClient>> FleetClient::Make(
    const ControllerAccess& access, bool insecure) {
  ASSIGN_OR_RETURN(const Address parsed, ParseAddress(access.address));
  CredentialOptions options;
  options.insecure = insecure;
  options.authority = access.authority;
  options.token = access.token;
  options.certificate = access.certificate;
  options.key = access.key;
  ASSIGN_OR_RETURN(const auto credentials,
                   ChannelCredentialsFor(parsed, options));
  // Who follows a rollout is to be back soon after the controller is; gRPC's
  // own pauses grow to two minutes.
  grpc::ChannelArguments arguments = ClientChannelArguments();
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   kFirstReconnectMillis);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLastReconnectMillis);
  return std::make_unique<FleetClient>(
      grpc::CreateCustomChannel(parsed.ToDialTarget(), credentials, arguments),
      parsed.ToString());
}

FleetClient::FleetClient(std::shared_ptr<grpc::ChannelInterface> channel,
                         std::string address)
    : address_(std::move(address)),
      stubs_(std::make_unique<Stubs>(channel)),
      calls_(std::make_unique<Calls>()) {}

FleetClient::~FleetClient() = default;

void FleetClient::CancelCalls() { calls_->CancelAll(); }

absl::Status FleetClient::Explain(const absl::Status& status) const {
  if (absl::IsUnavailable(status) && ReasonOf(status).reason.empty()) {
    return absl::UnavailableError(
        absl::StrCat("cannot reach the controller at ", address_, ": ",
                     ConnectionError(status.message())));
  }
  if (absl::IsDeadlineExceeded(status)) {
    return absl::DeadlineExceededError(absl::StrCat(
        "the controller at ", address_, " did not answer within 30 s"));
  }
  return status;
}

template <typename Response, typename Stub, typename Request, typename Method>
absl::StatusOr<Response> FleetClient::Unary(Stub& stub, Method method,
                                            const Request& request) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallLimit);
  Response response;
  calls_->Begin(context);
  const absl::Status status =
      FromGrpcStatus((stub.*method)(&context, request, &response));
  calls_->End(context);
  if (!status.ok()) return Explain(status);
  return response;
}

absl::StatusOr<v1::ApplyAppsResponse> FleetClient::Call(
    const v1::ApplyAppsRequest& request) {
  return Unary<v1::ApplyAppsResponse>(stubs_->apps, &Apps::ApplyApps, request);
}

absl::StatusOr<v1::GetAppResponse> FleetClient::Call(
    const v1::GetAppRequest& request) {
  return Unary<v1::GetAppResponse>(stubs_->apps, &Apps::GetApp, request);
}

absl::StatusOr<v1::ListAppsResponse> FleetClient::Call(
    const v1::ListAppsRequest& request) {
  return Unary<v1::ListAppsResponse>(stubs_->apps, &Apps::ListApps, request);
}

absl::StatusOr<v1::ScaleAppResponse> FleetClient::Call(
    const v1::ScaleAppRequest& request) {
  return Unary<v1::ScaleAppResponse>(stubs_->apps, &Apps::ScaleApp, request);
}

absl::StatusOr<v1::StopAppResponse> FleetClient::Call(
    const v1::StopAppRequest& request) {
  return Unary<v1::StopAppResponse>(stubs_->apps, &Apps::StopApp, request);
}

absl::StatusOr<v1::StartAppResponse> FleetClient::Call(
    const v1::StartAppRequest& request) {
  return Unary<v1::StartAppResponse>(stubs_->apps, &Apps::StartApp, request);
}

absl::StatusOr<v1::DeleteAppResponse> FleetClient::Call(
    const v1::DeleteAppRequest& request) {
  return Unary<v1::DeleteAppResponse>(stubs_->apps, &Apps::DeleteApp, request);
}

absl::StatusOr<v1::SignalAppResponse> FleetClient::Call(
    const v1::SignalAppRequest& request) {
  return Unary<v1::SignalAppResponse>(stubs_->apps, &Apps::SignalApp, request);
}

absl::StatusOr<v1::SendToAppResponse> FleetClient::Call(
    const v1::SendToAppRequest& request) {
  return Unary<v1::SendToAppResponse>(stubs_->apps, &Apps::SendToApp, request);
}

absl::StatusOr<v1::TriggerAppResponse> FleetClient::Call(
    const v1::TriggerAppRequest& request) {
  return Unary<v1::TriggerAppResponse>(stubs_->apps, &Apps::TriggerApp,
                                       request);
}

absl::StatusOr<v1::RestartInstanceResponse> FleetClient::Call(
    const v1::RestartInstanceRequest& request) {
  return Unary<v1::RestartInstanceResponse>(stubs_->apps,
                                            &Apps::RestartInstance, request);
}

absl::StatusOr<v1::FlushLogsResponse> FleetClient::Call(
    const v1::FlushLogsRequest& request) {
  return Unary<v1::FlushLogsResponse>(stubs_->apps, &Apps::FlushLogs, request);
}

absl::StatusOr<v1::ReopenLogsResponse> FleetClient::Call(
    const v1::ReopenLogsRequest& request) {
  return Unary<v1::ReopenLogsResponse>(stubs_->apps, &Apps::ReopenLogs,
                                       request);
}

absl::StatusOr<v1::ResetAppResponse> FleetClient::Call(
    const v1::ResetAppRequest& request) {
  return Unary<v1::ResetAppResponse>(stubs_->apps, &Apps::ResetApp, request);
}

absl::StatusOr<v1::SetHostLabelsResponse> FleetClient::Call(
    const v1::SetHostLabelsRequest& request) {
  return Unary<v1::SetHostLabelsResponse>(stubs_->hosts, &Hosts::SetHostLabels,
                                          request);
}

absl::StatusOr<v1::DeleteHostResponse> FleetClient::Call(
    const v1::DeleteHostRequest& request) {
  return Unary<v1::DeleteHostResponse>(stubs_->hosts, &Hosts::DeleteHost,
                                       request);
}

absl::StatusOr<v1::InspectAppResponse> FleetClient::Call(
    const v1::InspectAppRequest& request) {
  return Unary<v1::InspectAppResponse>(stubs_->apps, &Apps::InspectApp,
                                       request);
}

absl::StatusOr<v1::CheckHostsResponse> FleetClient::Call(
    const v1::CheckHostsRequest& request) {
  return Unary<v1::CheckHostsResponse>(stubs_->hosts, &Hosts::CheckHosts,
                                       request);
}

absl::StatusOr<v1::ListHostsResponse> FleetClient::Call(
    const v1::ListHostsRequest& request) {
  return Unary<v1::ListHostsResponse>(stubs_->hosts, &Hosts::ListHosts,
                                      request);
}

absl::StatusOr<v1::GetControllerResponse> FleetClient::Call(
    const v1::GetControllerRequest& request) {
  return Unary<v1::GetControllerResponse>(stubs_->hosts, &Hosts::GetController,
                                          request);
}

absl::StatusOr<v1::CreateRolloutResponse> FleetClient::Call(
    const v1::CreateRolloutRequest& request) {
  return Unary<v1::CreateRolloutResponse>(stubs_->rollouts,
                                          &Rollouts::CreateRollout, request);
}

absl::StatusOr<v1::GetRolloutResponse> FleetClient::Call(
    const v1::GetRolloutRequest& request) {
  return Unary<v1::GetRolloutResponse>(stubs_->rollouts, &Rollouts::GetRollout,
                                       request);
}

absl::StatusOr<v1::ListRolloutsResponse> FleetClient::Call(
    const v1::ListRolloutsRequest& request) {
  return Unary<v1::ListRolloutsResponse>(stubs_->rollouts,
                                         &Rollouts::ListRollouts, request);
}

absl::StatusOr<v1::PauseRolloutResponse> FleetClient::Call(
    const v1::PauseRolloutRequest& request) {
  return Unary<v1::PauseRolloutResponse>(stubs_->rollouts,
                                         &Rollouts::PauseRollout, request);
}

absl::StatusOr<v1::ResumeRolloutResponse> FleetClient::Call(
    const v1::ResumeRolloutRequest& request) {
  return Unary<v1::ResumeRolloutResponse>(stubs_->rollouts,
                                          &Rollouts::ResumeRollout, request);
}

absl::StatusOr<v1::AbortRolloutResponse> FleetClient::Call(
    const v1::AbortRolloutRequest& request) {
  return Unary<v1::AbortRolloutResponse>(stubs_->rollouts,
                                         &Rollouts::AbortRollout, request);
}

absl::StatusOr<v1::RetryRolloutResponse> FleetClient::Call(
    const v1::RetryRolloutRequest& request) {
  return Unary<v1::RetryRolloutResponse>(stubs_->rollouts,
                                         &Rollouts::RetryRollout, request);
}

absl::StatusOr<v1::CreateTokenResponse> FleetClient::Call(
    const v1::CreateTokenRequest& request) {
  return Unary<v1::CreateTokenResponse>(stubs_->access, &Access::CreateToken,
                                        request);
}

absl::StatusOr<v1::ListTokensResponse> FleetClient::Call(
    const v1::ListTokensRequest& request) {
  return Unary<v1::ListTokensResponse>(stubs_->access, &Access::ListTokens,
                                       request);
}

absl::StatusOr<v1::RevokeTokenResponse> FleetClient::Call(
    const v1::RevokeTokenRequest& request) {
  return Unary<v1::RevokeTokenResponse>(stubs_->access, &Access::RevokeToken,
                                        request);
}

absl::StatusOr<v1::RevokeHostResponse> FleetClient::Call(
    const v1::RevokeHostRequest& request) {
  return Unary<v1::RevokeHostResponse>(stubs_->access, &Access::RevokeHost,
                                       request);
}

absl::StatusOr<v1::GetCallerResponse> FleetClient::Call(
    const v1::GetCallerRequest& request) {
  return Unary<v1::GetCallerResponse>(stubs_->access, &Access::GetCaller,
                                      request);
}

absl::StatusOr<v1::ListAuditRecordsResponse> FleetClient::Call(
    const v1::ListAuditRecordsRequest& request) {
  return Unary<v1::ListAuditRecordsResponse>(stubs_->audit,
                                             &Audit::ListAuditRecords, request);
}

absl::StatusOr<v1::VerifyAuditResponse> FleetClient::Call(
    const v1::VerifyAuditRequest& request) {
  return Unary<v1::VerifyAuditResponse>(stubs_->audit, &Audit::VerifyAudit,
                                        request);
}

absl::StatusOr<v1::SetSecretResponse> FleetClient::Call(
    const v1::SetSecretRequest& request) {
  return Unary<v1::SetSecretResponse>(stubs_->secrets, &Secrets::SetSecret,
                                      request);
}

absl::StatusOr<v1::ListSecretsResponse> FleetClient::Call(
    const v1::ListSecretsRequest& request) {
  return Unary<v1::ListSecretsResponse>(stubs_->secrets, &Secrets::ListSecrets,
                                        request);
}

absl::StatusOr<v1::DeleteSecretResponse> FleetClient::Call(
    const v1::DeleteSecretRequest& request) {
  return Unary<v1::DeleteSecretResponse>(stubs_->secrets,
                                         &Secrets::DeleteSecret, request);
}

absl::StatusOr<v1::PromoteRolloutResponse> FleetClient::Call(
    const v1::PromoteRolloutRequest& request) {
  return Unary<v1::PromoteRolloutResponse>(stubs_->rollouts,
                                           &Rollouts::PromoteRollout, request);
}

absl::StatusOr<v1::UndoRolloutResponse> FleetClient::Call(
    const v1::UndoRolloutRequest& request) {
  return Unary<v1::UndoRolloutResponse>(stubs_->rollouts,
                                        &Rollouts::UndoRollout, request);
}

absl::StatusOr<v1::DiffRolloutResponse> FleetClient::Call(
    const v1::DiffRolloutRequest& request) {
  return Unary<v1::DiffRolloutResponse>(stubs_->rollouts,
                                        &Rollouts::DiffRollout, request);
}

absl::StatusOr<v1::CordonHostResponse> FleetClient::Call(
    const v1::CordonHostRequest& request) {
  return Unary<v1::CordonHostResponse>(stubs_->hosts, &Hosts::CordonHost,
                                       request);
}

absl::StatusOr<v1::DrainHostResponse> FleetClient::Call(
    const v1::DrainHostRequest& request) {
  return Unary<v1::DrainHostResponse>(stubs_->hosts, &Hosts::DrainHost,
                                      request);
}

absl::StatusOr<v1::UncordonHostResponse> FleetClient::Call(
    const v1::UncordonHostRequest& request) {
  return Unary<v1::UncordonHostResponse>(stubs_->hosts, &Hosts::UncordonHost,
                                         request);
}

std::unique_ptr<StreamCall> FleetClient::Stream(
    const v1::WatchRolloutRequest& request, EventLoop& loop,
    StreamHandlers<v1::WatchRolloutResponse> handlers) {
  return std::make_unique<StreamThread<v1::WatchRolloutResponse>>(
      [this, request](grpc::ClientContext* context) {
        return stubs_->rollouts.WatchRollout(context, request);
      },
      loop, std::move(handlers));
}

std::unique_ptr<StreamCall> FleetClient::Stream(
    const v1::TailLogsRequest& request, EventLoop& loop,
    StreamHandlers<v1::TailLogsResponse> handlers) {
  return std::make_unique<StreamThread<v1::TailLogsResponse>>(
      [this, request](grpc::ClientContext* context) {
        return stubs_->logs.TailLogs(context, request);
      },
      loop, std::move(handlers));
}

}  // namespace fleet::cli
