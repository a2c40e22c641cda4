#include "controller/rollout_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "controller/rollout_proto.h"
#include "controller/rollout_watch.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using Effect = CallGate::Effect;

constexpr int kDefaultPage = 20;
constexpr int kLargestPage = 1000;

}  // namespace

RolloutService::RolloutService(CallGate& gate, RolloutDriver& driver,
                               const AppCatalog& apps)
    : gate_(gate), driver_(driver), apps_(apps) {}

absl::Status RolloutService::Answer(const absl::StatusOr<Rollout>& rollout,
                                    v1::Rollout* response) const {
  RETURN_IF_ERROR(rollout.status());
  *response = ToProto(*rollout, gate_.loop().clock().Now());
  return absl::OkStatus();
}

absl::StatusOr<Rollout> RolloutService::Create(
    const v1::CreateRolloutRequest& request, const std::string& actor) {
  NewRollout rollout;
  ASSIGN_OR_RETURN(rollout.kind, KindFromProto(request.kind()));
  ASSIGN_OR_RETURN(rollout.app, apps_.FindRolloutApp(request.app()));
  ASSIGN_OR_RETURN(rollout.hosts,
                   apps_.HostsOf(request.app(), request.hosts()));
  rollout.policy = FromProto(request.policy());
  rollout.request_id = request.request_id();
  rollout.actor = actor;
  rollout.supersede = request.supersede();
  rollout.validate_only = request.validate_only();
  return driver_.Create(rollout);
}

grpc::ServerUnaryReactor* RolloutService::CreateRollout(
    grpc::CallbackServerContext* context,
    const v1::CreateRolloutRequest* request,
    v1::CreateRolloutResponse* response) {
  return gate_.Unary(context, "/fleet.v1.RolloutService/CreateRollout",
                     Effect::kChange, *request,
                     [this, request, response](const Identity& caller) {
                       return Answer(Create(*request, caller.name),
                                     response->mutable_rollout());
                     });
}

grpc::ServerUnaryReactor* RolloutService::GetRollout(
    grpc::CallbackServerContext* context, const v1::GetRolloutRequest* request,
    v1::GetRolloutResponse* response) {
  return gate_.Unary(context, "/fleet.v1.RolloutService/GetRollout",
                     Effect::kRead, *request,
                     [this, request, response](const Identity&) {
                       return Answer(driver_.Get(request->name()),
                                     response->mutable_rollout());
                     });
}

absl::Status RolloutService::List(const v1::ListRolloutsRequest& request,
                                  v1::ListRolloutsResponse& response) {
  int64_t before = 0;
  if (!request.page_token().empty() &&
      (!absl::SimpleAtoi(request.page_token(), &before) || before <= 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "page_token \"", request.page_token(), "\" is not one of ours"));
  }
  int size = request.page_size() <= 0 ? kDefaultPage : request.page_size();
  ASSIGN_OR_RETURN(RolloutPage page,
                   driver_.List(request.app(), request.active_only(), before,
                                std::min(size, kLargestPage)));
  for (const RolloutSummary& summary : page.rollouts) {
    *response.add_rollouts() = ToProto(summary, gate_.loop().clock().Now());
  }
  if (page.next != 0) response.set_next_page_token(absl::StrCat(page.next));
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* RolloutService::ListRollouts(
    grpc::CallbackServerContext* context,
    const v1::ListRolloutsRequest* request,
    v1::ListRolloutsResponse* response) {
  return gate_.Unary(context, "/fleet.v1.RolloutService/ListRollouts",
                     Effect::kRead, *request,
                     [this, request, response](const Identity&) {
                       return List(*request, *response);
                     });
}

grpc::ServerWriteReactor<v1::WatchRolloutResponse>*
RolloutService::WatchRollout(grpc::CallbackServerContext* context,
                             const v1::WatchRolloutRequest* request) {
  return new RolloutWatch(
      gate_.loop(), driver_, *request,
      gate_.Admit(*context, "/fleet.v1.RolloutService/WatchRollout", *request));
}

grpc::ServerUnaryReactor* RolloutService::PauseRollout(
    grpc::CallbackServerContext* context,
    const v1::PauseRolloutRequest* request,
    v1::PauseRolloutResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.RolloutService/PauseRollout", Effect::kChange,
      *request, [this, request, response](const Identity& caller) {
        return Answer(
            driver_.Pause(request->name(), request->reason(), caller.name),
            response->mutable_rollout());
      });
}

grpc::ServerUnaryReactor* RolloutService::ResumeRollout(
    grpc::CallbackServerContext* context,
    const v1::ResumeRolloutRequest* request,
    v1::ResumeRolloutResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.RolloutService/ResumeRollout", Effect::kChange,
      *request, [this, request, response](const Identity& caller) {
        return Answer(driver_.Resume(request->name(), caller.name),
                      response->mutable_rollout());
      });
}

grpc::ServerUnaryReactor* RolloutService::AbortRollout(
    grpc::CallbackServerContext* context,
    const v1::AbortRolloutRequest* request,
    v1::AbortRolloutResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.RolloutService/AbortRollout", Effect::kChange,
      *request, [this, request, response](const Identity& caller) {
        return Answer(
            driver_.Abort(request->name(), request->reason(), caller.name),
            response->mutable_rollout());
      });
}

grpc::ServerUnaryReactor* RolloutService::RetryRollout(
    grpc::CallbackServerContext* context,
    const v1::RetryRolloutRequest* request,
    v1::RetryRolloutResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.RolloutService/RetryRollout", Effect::kChange,
      *request, [this, request, response](const Identity& caller) {
        return Answer(driver_.Retry(request->name(), caller.name),
                      response->mutable_rollout());
      });
}

}  // namespace fleet::controller
