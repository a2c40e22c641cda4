#include "controller/app_service.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/page.h"
#include "controller/rollout_proto.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using Effect = CallGate::Effect;

constexpr char kApply[] = "/fleet.v1.AppService/ApplyApps";
constexpr char kGet[] = "/fleet.v1.AppService/GetApp";
constexpr char kListApps[] = "/fleet.v1.AppService/ListApps";
constexpr char kScale[] = "/fleet.v1.AppService/ScaleApp";
constexpr char kStop[] = "/fleet.v1.AppService/StopApp";
constexpr char kStart[] = "/fleet.v1.AppService/StartApp";
constexpr char kDelete[] = "/fleet.v1.AppService/DeleteApp";
constexpr char kSignal[] = "/fleet.v1.AppService/SignalApp";
constexpr char kSend[] = "/fleet.v1.AppService/SendToApp";
constexpr char kReset[] = "/fleet.v1.AppService/ResetApp";
constexpr char kTrigger[] = "/fleet.v1.AppService/TriggerApp";
constexpr char kRestart[] = "/fleet.v1.AppService/RestartInstance";
constexpr char kFlush[] = "/fleet.v1.AppService/FlushLogs";
constexpr char kReopen[] = "/fleet.v1.AppService/ReopenLogs";
constexpr char kInspect[] = "/fleet.v1.AppService/InspectApp";

v1::ApplyChange ToProto(ApplyChange change) {
  switch (change) {
    case ApplyChange::kCreated:
      return v1::APPLY_CHANGE_CREATED;
    case ApplyChange::kUpdated:
      return v1::APPLY_CHANGE_UPDATED;
    case ApplyChange::kUnchanged:
      return v1::APPLY_CHANGE_UNCHANGED;
  }
  return v1::APPLY_CHANGE_UNSPECIFIED;
}

v1::ApplyResult ToProto(const ApplyOutcome& outcome) {
  v1::ApplyResult result;
  result.set_app(outcome.app);
  result.set_change(ToProto(outcome.change));
  result.set_revision(outcome.revision);
  result.set_rollout_uid(outcome.rollout_uid);
  for (const std::string& difference : outcome.differences) {
    result.add_differences(difference);
  }
  if (outcome.plan.has_value()) {
    // Its clock has not begun to run: the time does not matter.
    *result.mutable_plan() = PlanToProto(
        *outcome.plan, outcome.plan_view,
        outcome.under_way.has_value() ? &*outcome.under_way : nullptr,
        absl::Time());
  }
  return result;
}

// Empty: every name.
bool Named(const google::protobuf::RepeatedPtrField<std::string>& patterns,
           const std::string& name) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const std::string& pattern) {
                                           return pattern == "all" ||
                                                  GlobMatches(pattern, name);
                                         });
}

template <typename Request>
InstanceOrder OrderOf(const Request& request) {
  InstanceOrder order;
  order.app = request.name();
  // Where an instance may be left out, it is optional.
  bool has_slot = true;
  if constexpr (requires { request.has_slot(); }) has_slot = request.has_slot();
  if (has_slot) order.slot = request.slot();
  order.hosts = request.hosts();
  return order;
}

// What was answered is about other apps when the id is somebody else's, and not
// for this caller.
absl::Status AnswerAgain(const v1::ApplyAppsRequest& request,
                         const std::string& before,
                         v1::ApplyAppsResponse& response) {
  v1::ApplyAppsResponse answered;
  answered.ParseFromString(before);
  const bool same =
      std::equal(answered.results().begin(), answered.results().end(),
                 request.specs().begin(), request.specs().end(),
                 [](const auto& result, const auto& s) {
                   return result.app() == s.name();
                 });
  if (!same) return RequestIdReused(request.request_id(), "other apps");
  response = std::move(answered);
  return absl::OkStatus();
}

// Ends the call with what the hosts answered.
template <typename Response>
AppCommands::Done AnswerTo(Response* response, CallGate::Finish finish) {
  return [response, finish](AppCommands::Answers answers) {
    *response->mutable_answers() = std::move(answers);
    finish(absl::OkStatus());
  };
}

}  // namespace

grpc::ServerUnaryReactor* AppService::ApplyApps(
    grpc::CallbackServerContext* context, const v1::ApplyAppsRequest* request,
    v1::ApplyAppsResponse* response) {
  return gate_.Unary(
      context, kApply,
      request->validate_only() ? Effect::kRead : Effect::kChange, *request,
      [=, this](const Identity& caller) {
        absl::Status applied = Apply(*request, caller, *response);
        const CallerView view = gate_.ViewOf(caller);
        for (auto& result : *response->mutable_results()) {
          if (result.has_plan()) {
            view.Limit(*result.mutable_plan());
          }
        }
        return applied;
      },
      response);
}

bool AppService::IsNamedWithin(const std::string& secret,
                               const CallerView& view) const {
  return std::any_of(
      registry_.names().begin(), registry_.names().end(),
      [&](const auto& name) {
        const auto& named =
            registry_.FindByUid(name.second)->record.spec.secrets;
        return std::any_of(named.begin(), named.end(),
                           [&](const auto& e) { return e.second == secret; }) &&
               view.HasWhole(name.first);
      });
}

absl::Status AppService::CheckSecrets(const v1::AppSpec& spec,
                                      const Identity& caller) const {
  if (has_secret_ == nullptr) return absl::OkStatus();
  const CallerView view = gate_.ViewOf(caller);
  for (const auto& [variable, secret] : spec.secrets()) {
    if (!view.unlimited() && !IsNamedWithin(secret, view)) {
      return ErrorWithReason(
          absl::StatusCode::kPermissionDenied,
          absl::StrCat(
              "app \"", spec.name(), "\": env.", variable, ": ", caller.name,
              " is limited to some apps or hosts, and none of these "
              "has secret ",
              secret, " yet; let somebody without a limit apply the app once"),
          {"OUT_OF_SCOPE", {}});
    }
    if (has_secret_(secret)) continue;
    return ErrorWithReason(
        absl::StatusCode::kInvalidArgument,
        absl::StrCat("app \"", spec.name(), "\": env.", variable,
                     ": there is no secret ", secret,
                     "; set it first: fleetctl secret set ", secret),
        {"SPEC_INVALID", {{"app", spec.name()}}});
  }
  return absl::OkStatus();
}

absl::Status AppService::Apply(const v1::ApplyAppsRequest& request,
                               const Identity& caller,
                               v1::ApplyAppsResponse& response) {
  ASSIGN_OR_RETURN(std::optional<std::string> before,
                   answers_.Find(request.request_id(), kApply));
  if (before) return AnswerAgain(request, *before, response);
  ApplyOrder order;
  for (const v1::AppSpec& spec : request.specs()) {
    RETURN_IF_ERROR(CheckSecrets(spec, caller));
    order.specs.push_back(fleet::FromProto(spec));
  }
  order.validate_only = request.validate_only();
  order.hosts = request.hosts();
  order.policy = fleet::FromProto(request.policy());
  order.supersede = request.supersede();
  order.actor = caller.name;
  ASSIGN_OR_RETURN(std::vector<ApplyOutcome> outcomes, apply_.Apply(order));
  for (const ApplyOutcome& outcome : outcomes) {
    *response.add_results() = ToProto(outcome);
  }
  if (order.validate_only) return absl::OkStatus();
  // Asked again before this is saved, the apply finds nothing to change and
  // names the same rollouts.
  return answers_.Save(RequestAnswers::Make(request.request_id(), kApply,
                                            response.SerializeAsString()));
}

grpc::ServerUnaryReactor* AppService::GetApp(
    grpc::CallbackServerContext* context, const v1::GetAppRequest* request,
    v1::GetAppResponse* response) {
  return gate_.Unary(context, kGet, Effect::kRead, *request,
                     [=, this](const Identity& caller) {
                       return Show(request->name(), request->hosts(), caller,
                                   response->mutable_app());
                     });
}

absl::Status AppService::Show(const std::string& name, const std::string& hosts,
                              const Identity& caller, v1::App* app) {
  AppView::AppParts parts;
  parts.caller = gate_.ViewOf(caller);
  RETURN_IF_ERROR(parts.caller.CheckApp(name));
  ASSIGN_OR_RETURN(const AppEntry* entry, registry_.RequireSeen(name));
  ASSIGN_OR_RETURN(parts.selector, ParseHostSelector(hosts));
  *app = view_.App(*entry, parts);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* AppService::ListApps(
    grpc::CallbackServerContext* context, const v1::ListAppsRequest* request,
    v1::ListAppsResponse* response) {
  return gate_.Unary(context, kListApps, Effect::kRead, *request,
                     [=, this](const Identity& caller) {
                       return List(*request, gate_.ViewOf(caller), *response);
                     });
}

absl::Status AppService::List(const v1::ListAppsRequest& request,
                              const CallerView& view,
                              v1::ListAppsResponse& response) {
  ASSIGN_OR_RETURN(PageRequest page,
                   MakePage(request.page_size(), request.page_token()));
  AppView::AppParts parts;
  parts.spec = !request.omit_specs();
  parts.hosts = !request.omit_hosts();
  parts.caller = view;
  ASSIGN_OR_RETURN(parts.selector, ParseHostSelector(request.hosts()));
  const bool on_some = parts.hosts && !parts.selector.MatchesAll();
  const auto& names = registry_.names();
  size_t bytes = 0;
  for (auto it = names.upper_bound(page.after); it != names.end(); ++it) {
    if (!Named(request.names(), it->first) || !view.SeesApp(it->first)) {
      continue;
    }
    if (response.apps_size() == page.size || bytes > kMaxPageBytes) {
      response.set_next_page_token(response.apps().rbegin()->name());
      break;
    }
    v1::App app = view_.App(*registry_.FindByUid(it->second), parts);
    if (on_some && app.hosts().empty()) continue;
    *response.add_apps() = std::move(app);
    bytes += response.apps().rbegin()->ByteSizeLong();
  }
  return absl::OkStatus();
}

absl::Status AppService::Change(
    const Identity& caller, const std::string& method,
    const std::string& request_id, AppOrder order,
    const std::function<absl::Status(const AppOrder&)>& act, v1::App* app) {
  ASSIGN_OR_RETURN(std::optional<std::string> before,
                   answers_.Find(request_id, method));
  if (before && *before != order.app) {
    return RequestIdReused(request_id, "another app");
  }
  if (!before) {
    order.answer = RequestAnswers::Make(request_id, method, order.app);
    RETURN_IF_ERROR(act(order));
  }
  return app == nullptr ? absl::OkStatus() : Show(order.app, "", caller, app);
}

template <typename Request, typename Act>
grpc::ServerUnaryReactor* AppService::Changed(
    grpc::CallbackServerContext* context, const char* method,
    const Request* request, v1::App* app, Act act) {
  return gate_.Unary(context, method, Effect::kChange, *request,
                     [=, this](const Identity& caller) {
                       AppOrder order{request->name(), "", {}, caller.name};
                       if constexpr (requires { request->hosts(); }) {
                         order.hosts = request->hosts();
                       }
                       return Change(caller, method, request->request_id(),
                                     order, act, app);
                     });
}

grpc::ServerUnaryReactor* AppService::ScaleApp(
    grpc::CallbackServerContext* context, const v1::ScaleAppRequest* request,
    v1::ScaleAppResponse* response) {
  return Changed(context, kScale, request, response->mutable_app(),
                 [=, this](const AppOrder& order) {
                   return orders_.Scale(order, request->instances(),
                                        request->relative());
                 });
}

grpc::ServerUnaryReactor* AppService::StopApp(
    grpc::CallbackServerContext* context, const v1::StopAppRequest* request,
    v1::StopAppResponse* response) {
  return Changed(context, kStop, request, response->mutable_app(),
                 [=, this](const AppOrder& order) {
                   return request->has_slot()
                              ? orders_.StopSlot(order, request->slot())
                              : orders_.Stop(order);
                 });
}

grpc::ServerUnaryReactor* AppService::StartApp(
    grpc::CallbackServerContext* context, const v1::StartAppRequest* request,
    v1::StartAppResponse* response) {
  return Changed(context, kStart, request, response->mutable_app(),
                 [=, this](const AppOrder& order) {
                   return request->has_slot()
                              ? orders_.StartSlot(order, request->slot())
                              : orders_.Start(order);
                 });
}

grpc::ServerUnaryReactor* AppService::DeleteApp(
    grpc::CallbackServerContext* context, const v1::DeleteAppRequest* request,
    v1::DeleteAppResponse*) {
  return Changed(
      context, kDelete, request, nullptr,
      [this](const AppOrder& order) { return orders_.Delete(order); });
}

template <typename Request, typename Response, typename Act>
grpc::ServerUnaryReactor* AppService::Commanded(
    grpc::CallbackServerContext* context, const char* method, Effect effect,
    const Request* request, Response* response, Act act) {
  return gate_.UnaryLater(context, method, effect, *request,
                          [=](const Identity&, CallGate::Finish finish) {
                            return act(OrderOf(*request),
                                       AnswerTo(response, std::move(finish)));
                          });
}

grpc::ServerUnaryReactor* AppService::SignalApp(
    grpc::CallbackServerContext* context, const v1::SignalAppRequest* request,
    v1::SignalAppResponse* response) {
  return Commanded(
      context, kSignal, Effect::kChange, request, response,
      [=, this](const InstanceOrder& order, AppCommands::Done done) {
        return commands_.Signal(order, request->signal(), std::move(done));
      });
}

grpc::ServerUnaryReactor* AppService::SendToApp(
    grpc::CallbackServerContext* context, const v1::SendToAppRequest* request,
    v1::SendToAppResponse* response) {
  return Commanded(
      context, kSend, Effect::kChange, request, response,
      [=, this](const InstanceOrder& order, AppCommands::Done done) {
        return commands_.Send(order, request->text(), std::move(done));
      });
}

grpc::ServerUnaryReactor* AppService::ResetApp(
    grpc::CallbackServerContext* context, const v1::ResetAppRequest* request,
    v1::ResetAppResponse* response) {
  return Commanded(context, kReset, Effect::kChange, request, response,
                   [this](const InstanceOrder& order, AppCommands::Done done) {
                     return commands_.Reset(order, std::move(done));
                   });
}

grpc::ServerUnaryReactor* AppService::TriggerApp(
    grpc::CallbackServerContext* context, const v1::TriggerAppRequest* request,
    v1::TriggerAppResponse* response) {
  return Commanded(
      context, kTrigger, Effect::kChange, request, response,
      [=, this](const InstanceOrder& order, AppCommands::Done done) {
        return commands_.Trigger(order, *request, std::move(done));
      });
}

// An instance that people have stopped is started by its target, which also
// hosts that are away get; any other is replaced by those that are there.
grpc::ServerUnaryReactor* AppService::RestartInstance(
    grpc::CallbackServerContext* context,
    const v1::RestartInstanceRequest* request,
    v1::RestartInstanceResponse* response) {
  return gate_.UnaryLater(
      context, kRestart, Effect::kChange, *request,
      [=, this](const Identity& caller, CallGate::Finish finish) {
        ASSIGN_OR_RETURN(
            const std::set<std::string> started,
            orders_.StartSlotIfStopped(
                {request->name(), request->hosts(), {}, caller.name},
                request->slot()));
        return commands_.Restart(OrderOf(*request), request->strategy(),
                                 started,
                                 AnswerTo(response, std::move(finish)));
      });
}

grpc::ServerUnaryReactor* AppService::FlushLogs(
    grpc::CallbackServerContext* context, const v1::FlushLogsRequest* request,
    v1::FlushLogsResponse* response) {
  return Commanded(context, kFlush, Effect::kChange, request, response,
                   [this](const InstanceOrder& order, AppCommands::Done done) {
                     return commands_.FlushLogs(order, std::move(done));
                   });
}

grpc::ServerUnaryReactor* AppService::ReopenLogs(
    grpc::CallbackServerContext* context, const v1::ReopenLogsRequest* request,
    v1::ReopenLogsResponse* response) {
  return Commanded(context, kReopen, Effect::kChange, request, response,
                   [this](const InstanceOrder& order, AppCommands::Done done) {
                     return commands_.ReopenLogs(order, std::move(done));
                   });
}

grpc::ServerUnaryReactor* AppService::InspectApp(
    grpc::CallbackServerContext* context, const v1::InspectAppRequest* request,
    v1::InspectAppResponse* response) {
  return Commanded(context, kInspect, Effect::kRead, request, response,
                   [this](const InstanceOrder& order, AppCommands::Done done) {
                     return commands_.Inspect(order, std::move(done));
                   });
}

}  // namespace fleet::controller
