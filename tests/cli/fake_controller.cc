#include "tests/cli/fake_controller.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <condition_variable>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fleet/v1/app_service.grpc.pb.h"
#include "fleet/v1/host_service.grpc.pb.h"
#include "fleet/v1/log_service.grpc.pb.h"
#include "fleet/v1/rollout_service.grpc.pb.h"
#include "proto/rpc/grpc_status.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

using grpc::ServerContext;

}  // namespace

struct FakeController::Server final : v1::AppService::Service,
                                      v1::HostService::Service,
                                      v1::RolloutService::Service,
                                      v1::LogService::Service {
  explicit Server(FakeController& f) : fake(f) {
    grpc::ServerBuilder builder;
    builder.RegisterService(static_cast<v1::AppService::Service*>(this));
    builder.RegisterService(static_cast<v1::HostService::Service*>(this));
    builder.RegisterService(static_cast<v1::RolloutService::Service*>(this));
    builder.RegisterService(static_cast<v1::LogService::Service*>(this));
    server = builder.BuildAndStart();
  }

  ~Server() override {
    {
      const std::lock_guard<std::mutex> lock(fake.mutex_);
      ending = true;
    }
    ended.notify_all();
    server->Shutdown();
    server->Wait();
  }

  // Notes the request, which is named after its method; the status the test
  // wants.
  grpc::Status Take(const google::protobuf::Message& request) {
    const std::string method(
        absl::StripSuffix(request.GetDescriptor()->name(), "Request"));
    const std::lock_guard<std::mutex> lock(fake.mutex_);
    fake.requests_.push_back(
        absl::StrCat(method, " {", request.ShortDebugString(), "}"));
    const auto found = fake.fail_.find(method);
    if (found == fake.fail_.end()) return grpc::Status::OK;
    return ToGrpcStatus(found->second);
  }

  // Of all methods that answer with what hosts did, or with a rollout.
  template <typename Request, typename Response>
  grpc::Status Answer(const Request& request, Response& response) {
    if constexpr (requires { response.mutable_answers(); }) {
      *response.mutable_answers() = fake.answers;
    } else {
      *response.mutable_rollout() = fake.rollout;
    }
    return Take(request);
  }

  grpc::Status ApplyApps(ServerContext*, const v1::ApplyAppsRequest* request,
                         v1::ApplyAppsResponse* response) override {
    *response = fake.applied;
    return Take(*request);
  }

  grpc::Status GetApp(ServerContext*, const v1::GetAppRequest* request,
                      v1::GetAppResponse* response) override {
    grpc::Status status = Take(*request);
    return status.ok() ? FindApp(request->name(), *response->mutable_app())
                       : status;
  }

  grpc::Status ListApps(ServerContext*, const v1::ListAppsRequest* request,
                        v1::ListAppsResponse* response) override {
    for (const v1::App& app : fake.apps.apps()) {
      bool wanted = request->names_size() == 0;
      for (const std::string& name : request->names()) {
        wanted = wanted || name == "all" || GlobMatches(name, app.name());
      }
      if (!wanted) continue;
      v1::App& found = *response->add_apps();
      found = app;
      if (request->omit_hosts()) found.clear_hosts();
      if (request->omit_specs()) found.clear_spec();
    }
    return Take(*request);
  }

  grpc::Status ScaleApp(ServerContext*, const v1::ScaleAppRequest* request,
                        v1::ScaleAppResponse*) override {
    return Take(*request);
  }

  grpc::Status StopApp(ServerContext*, const v1::StopAppRequest* request,
                       v1::StopAppResponse*) override {
    return Take(*request);
  }

  grpc::Status StartApp(ServerContext*, const v1::StartAppRequest* request,
                        v1::StartAppResponse*) override {
    return Take(*request);
  }

  grpc::Status DeleteApp(ServerContext*, const v1::DeleteAppRequest* request,
                         v1::DeleteAppResponse*) override {
    return Take(*request);
  }

  grpc::Status SignalApp(ServerContext*, const v1::SignalAppRequest* request,
                         v1::SignalAppResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status SendToApp(ServerContext*, const v1::SendToAppRequest* request,
                         v1::SendToAppResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status TriggerApp(ServerContext*, const v1::TriggerAppRequest* request,
                          v1::TriggerAppResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status RestartInstance(ServerContext*,
                               const v1::RestartInstanceRequest* request,
                               v1::RestartInstanceResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status FlushLogs(ServerContext*, const v1::FlushLogsRequest* request,
                         v1::FlushLogsResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status ReopenLogs(ServerContext*, const v1::ReopenLogsRequest* request,
                          v1::ReopenLogsResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status ResetApp(ServerContext*, const v1::ResetAppRequest* request,
                        v1::ResetAppResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status ListHosts(ServerContext*, const v1::ListHostsRequest* request,
                         v1::ListHostsResponse* response) override {
    const auto selector = ParseHostSelector(request->selector());
    for (const v1::Host& host : fake.hosts.hosts()) {
      const std::map<std::string, std::string> labels(host.labels().begin(),
                                                      host.labels().end());
      if (selector.ok() && selector->Matches(host.name(), labels)) {
        *response->add_hosts() = host;
      }
    }
    return Take(*request);
  }

  grpc::Status InspectApp(ServerContext*, const v1::InspectAppRequest* request,
                          v1::InspectAppResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status CheckHosts(ServerContext*, const v1::CheckHostsRequest* request,
                          v1::CheckHostsResponse* response) override {
    *response = fake.checks;
    return Take(*request);
  }

  grpc::Status SetHostLabels(ServerContext*,
                             const v1::SetHostLabelsRequest* request,
                             v1::SetHostLabelsResponse* response) override {
    response->mutable_host()->set_name(request->name());
    *response->mutable_host()->mutable_labels() = request->labels();
    return Take(*request);
  }

  grpc::Status DeleteHost(ServerContext*, const v1::DeleteHostRequest* request,
                          v1::DeleteHostResponse*) override {
    return Take(*request);
  }

  grpc::Status GetController(ServerContext*,
                             const v1::GetControllerRequest* request,
                             v1::GetControllerResponse* response) override {
    response->set_version("9.9");
    return Take(*request);
  }

  grpc::Status CreateRollout(ServerContext*,
                             const v1::CreateRolloutRequest* request,
                             v1::CreateRolloutResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status GetRollout(ServerContext*, const v1::GetRolloutRequest* request,
                          v1::GetRolloutResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status ListRollouts(ServerContext*,
                            const v1::ListRolloutsRequest* request,
                            v1::ListRolloutsResponse* response) override {
    *response = fake.rollouts;
    return Take(*request);
  }

  grpc::Status PauseRollout(ServerContext*,
                            const v1::PauseRolloutRequest* request,
                            v1::PauseRolloutResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status ResumeRollout(ServerContext*,
                             const v1::ResumeRolloutRequest* request,
                             v1::ResumeRolloutResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status AbortRollout(ServerContext*,
                            const v1::AbortRolloutRequest* request,
                            v1::AbortRolloutResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status RetryRollout(ServerContext*,
                            const v1::RetryRolloutRequest* request,
                            v1::RetryRolloutResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status PromoteRollout(ServerContext*,
                              const v1::PromoteRolloutRequest* request,
                              v1::PromoteRolloutResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status UndoRollout(ServerContext*,
                           const v1::UndoRolloutRequest* request,
                           v1::UndoRolloutResponse* response) override {
    return Answer(*request, *response);
  }

  grpc::Status WatchRollout(
      ServerContext* context, const v1::WatchRolloutRequest* request,
      grpc::ServerWriter<v1::WatchRolloutResponse>* writer) override {
    {
      const std::lock_guard<std::mutex> lock(fake.mutex_);
      fake.watched_from_.push_back(request->from_seq());
    }
    return Play(*context, fake.watches, *writer);
  }

  grpc::Status TailLogs(
      ServerContext* context, const v1::TailLogsRequest* request,
      grpc::ServerWriter<v1::TailLogsResponse>* writer) override {
    const grpc::Status status = Take(*request);
    return status.ok() ? Play(*context, fake.tails, *writer) : status;
  }

  grpc::Status FindApp(const std::string& name, v1::App& app) const {
    for (const v1::App& known : fake.apps.apps()) {
      if (known.name() != name) continue;
      app = known;
      return grpc::Status::OK;
    }
    return ToGrpcStatus(ErrorWithReason(absl::StatusCode::kNotFound,
                                        absl::StrCat("no app \"", name, "\""),
                                        {"APP_NOT_FOUND", {}}));
  }

  template <typename Response>
  grpc::Status Play(ServerContext& context,
                    std::deque<StreamScript<Response>>& scripts,
                    grpc::ServerWriter<Response>& writer) {
    StreamScript<Response> script;
    {
      const std::lock_guard<std::mutex> lock(fake.mutex_);
      if (!scripts.empty()) {
        script = std::move(scripts.front());
        scripts.pop_front();
      }
    }
    for (const Response& message : script.messages) writer.Write(message);
    std::unique_lock<std::mutex> lock(fake.mutex_);
    while (script.stays_open && !ending && !context.IsCancelled()) {
      ended.wait_for(lock, std::chrono::milliseconds(10));
    }
    return ToGrpcStatus(script.end);
  }

  FakeController& fake;
  std::unique_ptr<grpc::Server> server;
  std::condition_variable ended;
  bool ending = false;  // Guarded by fake.mutex_.
};

FakeController::FakeController() : server_(std::make_unique<Server>(*this)) {}

FakeController::~FakeController() = default;

std::unique_ptr<FleetClient> FakeController::Client() {
  return std::make_unique<FleetClient>(
      server_->server->InProcessChannel(grpc::ChannelArguments()),
      "unix:///fake.sock");
}

std::vector<std::string> FakeController::Requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

std::vector<int64_t> FakeController::WatchedFrom() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return watched_from_;
}

void FakeController::FailMethod(const std::string& method,
                                const absl::Status& status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  fail_[method] = status;
}

}  // namespace fleet::cli
