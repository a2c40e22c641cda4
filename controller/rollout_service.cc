#include "controller/rollout_service.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "controller/rollout/commands.h"
#include "controller/rollout_proto.h"
#include "controller/rollout_watch.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using Effect = CallGate::Effect;

constexpr int kDefaultRollouts = 20;
constexpr int kMostRollouts = 1000;
constexpr int kMostPagesRead = 20;

}  // namespace

RolloutService::RolloutService(CallGate& gate, RolloutDriver& driver,
                               const AppCatalog& apps)
    : gate_(gate), driver_(driver), apps_(apps) {}

absl::Status RolloutService::Answer(const Identity& caller,
                                    const absl::StatusOr<Rollout>& rollout,
                                    v1::Rollout* response) const {
  RETURN_IF_ERROR(rollout.status());
  const CallerView view = gate_.ViewOf(caller);
  RETURN_IF_ERROR(view.CheckApp(rollout->app));
  *response = ToProto(*rollout, gate_.loop().clock().Now());
  view.Limit(*response);
  return absl::OkStatus();
}

// What it would end may be about other hosts than those it asks for.
absl::Status RolloutService::CheckSupersede(
    const v1::CreateRolloutRequest& request, const Identity& caller) const {
  const Rollout* active = driver_.FindActiveOf(request.app());
  if (!request.supersede() || active == nullptr) return absl::OkStatus();
  const CallerView view = gate_.ViewOf(caller);
  const bool within = std::all_of(
      active->steps.begin(), active->steps.end(),
      [&view](const HostStep& step) { return view.SeesHost(step.host); });
  if (within) return absl::OkStatus();
  return ErrorWithReason(
      absl::StatusCode::kPermissionDenied,
      absl::StrCat(caller.name, " may act on hosts ", caller.scope.hosts,
                   " only, and rollout ", active->uid, " of ", active->app,
                   ", which this would end, is also on others"),
      {"OUT_OF_SCOPE", {}});
}

absl::Status RolloutService::Create(const v1::CreateRolloutRequest& request,
                                    const Identity& caller,
                                    v1::Rollout* response) {
  RETURN_IF_ERROR(CheckSupersede(request, caller));
  NewRollout rollout;
  ASSIGN_OR_RETURN(rollout.kind, KindFromProto(request.kind()));
  if (request.to_revision() != 0 && rollout.kind != RolloutKind::kRollback) {
    return absl::InvalidArgumentError(
        "to_revision: only a rollback has one; a reload and a restart keep the "
        "revision");
  }
  ASSIGN_OR_RETURN(
      rollout.app,
      apps_.FindRolloutApp(request.app(), rollout.kind, request.to_revision()));
  ASSIGN_OR_RETURN(rollout.hosts,
                   apps_.HostsOf(request.app(), request.hosts()));
  rollout.policy = fleet::FromProto(request.policy());
  rollout.request_id = request.request_id();
  rollout.actor = caller.name;
  rollout.supersede = request.supersede();
  rollout.validate_only = request.validate_only();
  absl::StatusOr<Rollout> made = driver_.Create(rollout);
  return made.ok() && request.validate_only()
             ? AnswerPlan(caller, *made, response)
             : Answer(caller, made, response);
}

absl::Status RolloutService::AnswerPlan(const Identity& caller,
                                        const Rollout& plan,
                                        v1::Rollout* response) const {
  const CallerView view = gate_.ViewOf(caller);
  RETURN_IF_ERROR(view.CheckApp(plan.app));
  *response =
      PlanToProto(plan, driver_.Look(plan), driver_.FindActiveOf(plan.app),
                  gate_.loop().clock().Now());
  view.Limit(*response);
  return absl::OkStatus();
}

// What is under way turns back; what has ended is followed by its opposite.
absl::StatusOr<Rollout> RolloutService::Undo(
    const v1::UndoRolloutRequest& request, const std::string& actor) {
  ASSIGN_OR_RETURN(Rollout rollout, driver_.Get(request.name()));
  if (!Terminal(rollout.state.phase)) {
    if (!request.validate_only()) {
      return driver_.Undo(
          {rollout.uid, request.reason(), actor, request.etag()});
    }
    RETURN_IF_ERROR(CheckEtag(rollout, request.etag()));
    return PreviewUndo(
        rollout, {actor, request.reason()},
        {gate_.loop().clock().Now(), gate_.loop().clock().WallNow()});
  }
  const bool changed = rollout.kind == RolloutKind::kDeploy ||
                       rollout.kind == RolloutKind::kRollback;
  if (!changed || rollout.from_revision == 0 ||
      rollout.from_revision == rollout.to_revision) {
    return ErrorWithReason(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("rollout ", rollout.uid, " of ", rollout.app,
                     " has not changed the revision: there is nothing to "
                     "undo"),
        {"NOTHING_TO_ROLL_BACK", {{"rollout", rollout.uid}}});
  }
  NewRollout back;
  back.kind = RolloutKind::kRollback;
  ASSIGN_OR_RETURN(back.app, apps_.FindRolloutApp(rollout.app, back.kind,
                                                  rollout.from_revision));
  ASSIGN_OR_RETURN(std::vector<std::string> hosts,
                   apps_.HostsOf(rollout.app, ""));
  for (const HostStep& step : rollout.steps) {
    const bool still =
        std::find(hosts.begin(), hosts.end(), step.host) != hosts.end();
    if (still) back.hosts.push_back(step.host);
  }
  back.policy = fleet::FromProto(request.policy());
  back.request_id = request.request_id();
  back.actor = actor;
  back.supersede = request.supersede();
  back.validate_only = request.validate_only();
  return driver_.Create(back);
}

absl::Status RolloutService::Diff(const v1::DiffRolloutRequest& request,
                                  const CallerView& view,
                                  v1::DiffRolloutResponse& response) {
  ASSIGN_OR_RETURN(Rollout rollout, driver_.Get(request.name()));
  RETURN_IF_ERROR(view.CheckApp(rollout.app));
  response.set_from_revision(rollout.from_revision);
  response.set_to_revision(rollout.to_revision);
  if (rollout.from_revision == rollout.to_revision) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<std::string> differences,
                   apps_.DiffRevisions(rollout.app, rollout.from_revision,
                                       rollout.to_revision));
  for (std::string& difference : differences) {
    response.add_differences(std::move(difference));
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* RolloutService::CreateRollout(
    grpc::CallbackServerContext* context,
    const v1::CreateRolloutRequest* request,
    v1::CreateRolloutResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.RolloutService/CreateRollout",
      request->validate_only() ? Effect::kRead : Effect::kChange, *request,
      [this, request, response](const Identity& caller) {
        return Create(*request, caller, response->mutable_rollout());
      },
      response);
}

grpc::ServerUnaryReactor* RolloutService::GetRollout(
    grpc::CallbackServerContext* context, const v1::GetRolloutRequest* request,
    v1::GetRolloutResponse* response) {
  return gate_.Unary(context, "/fleet.v1.RolloutService/GetRollout",
                     Effect::kRead, *request,
                     [this, request, response](const Identity& caller) {
                       return Answer(caller, driver_.Get(request->name()),
                                     response->mutable_rollout());
                     });
}

// A page may hold fewer than were asked for: what the caller does not see is
// left out, and no more than kMostPagesRead are read for it.
absl::Status RolloutService::List(const v1::ListRolloutsRequest& request,
                                  const CallerView& view,
                                  v1::ListRolloutsResponse& response) {
  int64_t before = 0;
  if (!request.page_token().empty() &&
      (!absl::SimpleAtoi(request.page_token(), &before) || before <= 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "page_token \"", request.page_token(), "\" is not one of ours"));
  }
  int size = request.page_size() <= 0 ? kDefaultRollouts : request.page_size();
  size = std::min(size, kMostRollouts);
  for (int pages = 0; pages < kMostPagesRead; ++pages) {
    ASSIGN_OR_RETURN(RolloutPage page,
                     driver_.List(request.app(), request.active_only(), before,
                                  size - response.rollouts_size()));
    for (const RolloutSummary& summary : page.rollouts) {
      if (!view.SeesApp(summary.rollout.app)) continue;
      v1::Rollout& rollout = *response.add_rollouts();
      rollout = ToProto(summary, gate_.loop().clock().Now());
      view.Limit(rollout);
    }
    before = page.next;
    if (before == 0 || response.rollouts_size() >= size) break;
  }
  if (before != 0) response.set_next_page_token(absl::StrCat(before));
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* RolloutService::ListRollouts(
    grpc::CallbackServerContext* context,
    const v1::ListRolloutsRequest* request,
    v1::ListRolloutsResponse* response) {
  return gate_.Unary(context, "/fleet.v1.RolloutService/ListRollouts",
                     Effect::kRead, *request,
                     [this, request, response](const Identity& caller) {
                       return List(*request, gate_.ViewOf(caller), *response);
                     });
}

grpc::ServerWriteReactor<v1::WatchRolloutResponse>*
RolloutService::WatchRollout(grpc::CallbackServerContext* context,
                             const v1::WatchRolloutRequest* request) {
  return new RolloutWatch(
      gate_.loop(), driver_, *request,
      gate_.Pass(*context, "/fleet.v1.RolloutService/WatchRollout", *request));
}

template <class Request, class Response, class Act>
grpc::ServerUnaryReactor* RolloutService::Ordered(
    grpc::CallbackServerContext* context, const char* method,
    const Request* request, Response* response, Act act) {
  return gate_.Unary(
      context, method, Effect::kChange, *request,
      [this, request, response, act](const Identity& caller) {
        RolloutOrder order{request->name(), "", caller.name, request->etag()};
        if constexpr (requires { request->reason(); }) {
          order.reason = request->reason();
        }
        return Answer(caller, std::invoke(act, driver_, order),
                      response->mutable_rollout());
      },
      response);
}

grpc::ServerUnaryReactor* RolloutService::PauseRollout(
    grpc::CallbackServerContext* context,
    const v1::PauseRolloutRequest* request,
    v1::PauseRolloutResponse* response) {
  return Ordered(context, "/fleet.v1.RolloutService/PauseRollout", request,
                 response, &RolloutDriver::Pause);
}

grpc::ServerUnaryReactor* RolloutService::ResumeRollout(
    grpc::CallbackServerContext* context,
    const v1::ResumeRolloutRequest* request,
    v1::ResumeRolloutResponse* response) {
  return Ordered(context, "/fleet.v1.RolloutService/ResumeRollout", request,
                 response, &RolloutDriver::Resume);
}

grpc::ServerUnaryReactor* RolloutService::AbortRollout(
    grpc::CallbackServerContext* context,
    const v1::AbortRolloutRequest* request,
    v1::AbortRolloutResponse* response) {
  return Ordered(context, "/fleet.v1.RolloutService/AbortRollout", request,
                 response, &RolloutDriver::Abort);
}

grpc::ServerUnaryReactor* RolloutService::RetryRollout(
    grpc::CallbackServerContext* context,
    const v1::RetryRolloutRequest* request,
    v1::RetryRolloutResponse* response) {
  return Ordered(context, "/fleet.v1.RolloutService/RetryRollout", request,
                 response, &RolloutDriver::Retry);
}

grpc::ServerUnaryReactor* RolloutService::PromoteRollout(
    grpc::CallbackServerContext* context,
    const v1::PromoteRolloutRequest* request,
    v1::PromoteRolloutResponse* response) {
  return Ordered(
      context, "/fleet.v1.RolloutService/PromoteRollout", request, response,
      [now = request->now()](RolloutDriver& driver, const RolloutOrder& order) {
        return driver.Promote(order, now);
      });
}

grpc::ServerUnaryReactor* RolloutService::UndoRollout(
    grpc::CallbackServerContext* context, const v1::UndoRolloutRequest* request,
    v1::UndoRolloutResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.RolloutService/UndoRollout",
      request->validate_only() ? Effect::kRead : Effect::kChange, *request,
      [this, request, response](const Identity& caller) {
        const absl::StatusOr<Rollout> undone = Undo(*request, caller.name);
        // One under way is known, what would be made is not.
        const bool plan = undone.ok() && undone->uid.empty();
        return plan ? AnswerPlan(caller, *undone, response->mutable_rollout())
                    : Answer(caller, undone, response->mutable_rollout());
      },
      response);
}

grpc::ServerUnaryReactor* RolloutService::DiffRollout(
    grpc::CallbackServerContext* context, const v1::DiffRolloutRequest* request,
    v1::DiffRolloutResponse* response) {
  return gate_.Unary(context, "/fleet.v1.RolloutService/DiffRollout",
                     Effect::kRead, *request,
                     [this, request, response](const Identity& caller) {
                       return Diff(*request, gate_.ViewOf(caller), *response);
                     });
}

}  // namespace fleet::controller
