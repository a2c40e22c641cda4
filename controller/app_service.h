// fleet.v1.AppService.
#ifndef FLEET_CONTROLLER_APP_SERVICE_H_
#define FLEET_CONTROLLER_APP_SERVICE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "controller/app_apply.h"
#include "controller/app_commands.h"
#include "controller/app_orders.h"
#include "controller/app_registry.h"
#include "controller/app_view.h"
#include "controller/call_gate.h"
#include "controller/request_answers.h"
#include "fleet/v1/app_service.grpc.pb.h"

namespace fleet::controller {

// An adapter: its methods run on gRPC's threads and post to the gate's loop,
// where the rest happens.
class AppService final : public v1::AppService::CallbackService {
 public:
  // All must outlive it.
  AppService(CallGate& gate, AppRegistry& registry, AppApply& apply,
             AppOrders& orders, AppCommands& commands, RequestAnswers& answers,
             const AppView& view)
      : gate_(gate),
        registry_(registry),
        apply_(apply),
        orders_(orders),
        commands_(commands),
        answers_(answers),
        view_(view) {}

  // Whether there is a secret of the name; specs that name another are refused.
  void SetSecretCheck(std::function<bool(const std::string&)> has_secret) {
    has_secret_ = std::move(has_secret);
  }

  grpc::ServerUnaryReactor* ApplyApps(grpc::CallbackServerContext* context,
                                      const v1::ApplyAppsRequest* request,
                                      v1::ApplyAppsResponse* response) override;
  grpc::ServerUnaryReactor* GetApp(grpc::CallbackServerContext* context,
                                   const v1::GetAppRequest* request,
                                   v1::GetAppResponse* response) override;
  grpc::ServerUnaryReactor* ListApps(grpc::CallbackServerContext* context,
                                     const v1::ListAppsRequest* request,
                                     v1::ListAppsResponse* response) override;
  grpc::ServerUnaryReactor* ScaleApp(grpc::CallbackServerContext* context,
                                     const v1::ScaleAppRequest* request,
                                     v1::ScaleAppResponse* response) override;
  grpc::ServerUnaryReactor* StopApp(grpc::CallbackServerContext* context,
                                    const v1::StopAppRequest* request,
                                    v1::StopAppResponse* response) override;
  grpc::ServerUnaryReactor* StartApp(grpc::CallbackServerContext* context,
                                     const v1::StartAppRequest* request,
                                     v1::StartAppResponse* response) override;
  grpc::ServerUnaryReactor* DeleteApp(grpc::CallbackServerContext* context,
                                      const v1::DeleteAppRequest* request,
                                      v1::DeleteAppResponse* response) override;
  grpc::ServerUnaryReactor* SignalApp(grpc::CallbackServerContext* context,
                                      const v1::SignalAppRequest* request,
                                      v1::SignalAppResponse* response) override;
  grpc::ServerUnaryReactor* SendToApp(grpc::CallbackServerContext* context,
                                      const v1::SendToAppRequest* request,
                                      v1::SendToAppResponse* response) override;
  grpc::ServerUnaryReactor* ResetApp(grpc::CallbackServerContext* context,
                                     const v1::ResetAppRequest* request,
                                     v1::ResetAppResponse* response) override;
  grpc::ServerUnaryReactor* TriggerApp(
      grpc::CallbackServerContext* context,
      const v1::TriggerAppRequest* request,
      v1::TriggerAppResponse* response) override;
  grpc::ServerUnaryReactor* RestartInstance(
      grpc::CallbackServerContext* context,
      const v1::RestartInstanceRequest* request,
      v1::RestartInstanceResponse* response) override;
  grpc::ServerUnaryReactor* FlushLogs(grpc::CallbackServerContext* context,
                                      const v1::FlushLogsRequest* request,
                                      v1::FlushLogsResponse* response) override;
  grpc::ServerUnaryReactor* ReopenLogs(
      grpc::CallbackServerContext* context,
      const v1::ReopenLogsRequest* request,
      v1::ReopenLogsResponse* response) override;
  grpc::ServerUnaryReactor* InspectApp(
      grpc::CallbackServerContext* context,
      const v1::InspectAppRequest* request,
      v1::InspectAppResponse* response) override;

 private:
  absl::Status Apply(const v1::ApplyAppsRequest& request,
                     const Identity& caller, v1::ApplyAppsResponse& response);
  absl::Status List(const v1::ListAppsRequest& request, const CallerView& view,
                    v1::ListAppsResponse& response);
  // As far as the caller sees it.
  absl::Status Show(const std::string& name, const std::string& hosts,
                    const Identity& caller, v1::App* app);
  // Runs `action` unless the request was answered before, then shows the app.
  absl::Status Change(const Identity& caller, const std::string& method,
                      const std::string& request_id, AppOrder order,
                      const std::function<absl::Status(const AppOrder&)>& act,
                      v1::App* app);

  // A method that is one Change. `app` may be null.
  template <typename Request, typename Act>
  grpc::ServerUnaryReactor* Changed(grpc::CallbackServerContext* context,
                                    const char* method, const Request* request,
                                    v1::App* app, Act act);
  // A method that has hosts do something once, and gives their answers.
  template <typename Request, typename Response, typename Act>
  grpc::ServerUnaryReactor* Commanded(grpc::CallbackServerContext* context,
                                      const char* method,
                                      CallGate::Effect effect,
                                      const Request* request,
                                      Response* response, Act act);

  // They exist, and who is limited to some apps or hosts names none that these
  // do not name already.
  absl::Status CheckSecrets(const v1::AppSpec& spec,
                            const Identity& caller) const;
  bool IsNamedWithin(const std::string& secret, const CallerView& view) const;

  CallGate& gate_;
  AppRegistry& registry_;
  AppApply& apply_;
  AppOrders& orders_;
  AppCommands& commands_;
  RequestAnswers& answers_;
  const AppView& view_;
  std::function<bool(const std::string&)> has_secret_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_APP_SERVICE_H_
