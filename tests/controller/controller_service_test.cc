// The whole controller over gRPC, in one process and without ports.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "fleet/v1/app_service.grpc.pb.h"
#include "fleet/v1/host_service.grpc.pb.h"
#include "fleet/v1/log_service.grpc.pb.h"
#include "fleet/v1/rollout_service.grpc.pb.h"
#include "proto/rpc/grpc_status.h"
#include "proto/rpc/status.h"
#include "tests/controller/controller_server.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

class ControllerServiceTest : public testing::Test {
 protected:
  ControllerServiceTest() : server_(std::make_unique<Server>(folder_.path())) {
    MakeStubs();
  }

  void MakeStubs() {
    apps_ = v1::AppService::NewStub(server_->channel());
    hosts_ = v1::HostService::NewStub(server_->channel());
    logs_ = v1::LogService::NewStub(server_->channel());
    rollouts_ = v1::RolloutService::NewStub(server_->channel());
  }

  v1::ApplyAppsRequest ApplyRequest(const std::string& name) {
    v1::ApplyAppsRequest request;
    v1::AppSpec& spec = *request.add_specs();
    spec.set_name(name);
    spec.set_script("/bin/sleep");
    spec.set_interpreter("none");
    spec.set_cwd("/");
    spec.set_instances(2);
    return request;
  }

  v1::ApplyAppsResponse MustApply(const v1::ApplyAppsRequest& request) {
    grpc::ClientContext context;
    v1::ApplyAppsResponse response;
    grpc::Status status = apps_->ApplyApps(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // Reads the watch to its end.
  v1::Rollout AwaitRollout(const std::string& uid) {
    grpc::ClientContext context;
    v1::WatchRolloutRequest request;
    request.set_name(uid);
    auto reader = rollouts_->WatchRollout(&context, request);
    v1::WatchRolloutResponse response;
    v1::Rollout rollout;
    while (reader->Read(&response)) rollout = response.rollout();
    EXPECT_TRUE(reader->Finish().ok());
    return rollout;
  }

  TempFolder folder_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::AppService::Stub> apps_;
  std::unique_ptr<v1::HostService::Stub> hosts_;
  std::unique_ptr<v1::LogService::Stub> logs_;
  std::unique_ptr<v1::RolloutService::Stub> rollouts_;
};

TEST_F(ControllerServiceTest, AppliedAppReachesItsHostAndIsListed) {
  ObedientAgent agent(server_->channel(), "host-1", "u-1");
  ASSERT_TRUE(agent.welcomed());
  v1::ApplyAppsResponse applied = MustApply(ApplyRequest("web"));
  EXPECT_EQ(applied.results(0).change(), v1::APPLY_CHANGE_CREATED);
  v1::Rollout rollout = AwaitRollout(applied.results(0).rollout_uid());
  EXPECT_EQ(rollout.phase(), v1::ROLLOUT_PHASE_SUCCEEDED)
      << rollout.DebugString();
  EXPECT_EQ(rollout.actor().empty(), false);

  grpc::ClientContext context;
  v1::ListAppsRequest request;
  request.set_omit_specs(true);
  v1::ListAppsResponse response;
  ASSERT_TRUE(apps_->ListApps(&context, request, &response).ok());
  ASSERT_EQ(response.apps_size(), 1);
  const v1::App& web = response.apps(0);
  EXPECT_EQ(web.proven_revision(), 1);
  EXPECT_EQ(web.revision_hash().size(), 12u);
  EXPECT_FALSE(web.has_spec());
  ASSERT_EQ(web.hosts_size(), 1);
  EXPECT_TRUE(web.hosts(0).connected());
  EXPECT_EQ(web.hosts(0).status().step().phase(), v1::STEP_PHASE_DONE);
}

TEST_F(ControllerServiceTest, ListsComeInPages) {
  ObedientAgent agent(server_->channel(), "host-1", "u-1");
  for (const char* name : {"a", "b", "c"}) MustApply(ApplyRequest(name));
  v1::ListAppsRequest request;
  request.set_page_size(2);
  v1::ListAppsResponse first;
  grpc::ClientContext context;
  ASSERT_TRUE(apps_->ListApps(&context, request, &first).ok());
  ASSERT_EQ(first.apps_size(), 2);
  request.set_page_token(first.next_page_token());
  v1::ListAppsResponse second;
  grpc::ClientContext context2;
  ASSERT_TRUE(apps_->ListApps(&context2, request, &second).ok());
  ASSERT_EQ(second.apps_size(), 1);
  EXPECT_EQ(second.apps(0).name(), "c");
  EXPECT_TRUE(second.next_page_token().empty());
}

TEST_F(ControllerServiceTest, ErrorsCarryTheirReason) {
  grpc::ClientContext context;
  v1::GetAppRequest request;
  request.set_name("web");
  v1::GetAppResponse response;
  absl::Status status =
      FromGrpcStatus(apps_->GetApp(&context, request, &response));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status).reason, "APP_NOT_FOUND");
  EXPECT_EQ(ReasonOf(status).metadata["app"], "web");
}

TEST_F(ControllerServiceTest, SameRequestIdScalesOnce) {
  ObedientAgent agent(server_->channel(), "host-1", "u-1");
  AwaitRollout(MustApply(ApplyRequest("web")).results(0).rollout_uid());
  v1::ScaleAppRequest request;
  request.set_name("web");
  request.set_instances(3);
  request.set_relative(true);
  request.set_request_id("scale-1");
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    v1::ScaleAppResponse response;
    ASSERT_TRUE(apps_->ScaleApp(&context, request, &response).ok());
    EXPECT_EQ(response.app().spec().instances(), 5);
  }
  // Nothing would be done to the other app.
  request.set_name("api");
  grpc::ClientContext context;
  v1::ScaleAppResponse response;
  const grpc::Status status = apps_->ScaleApp(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("used for another app"));
}

TEST_F(ControllerServiceTest, SameRequestIdAppliesOnceAndAnswersTheSame) {
  ObedientAgent agent(server_->channel(), "host-1", "u-1");
  v1::ApplyAppsRequest request = ApplyRequest("web");
  request.set_request_id("apply-1");
  v1::ApplyAppsResponse first = MustApply(request);
  AwaitRollout(first.results(0).rollout_uid());
  v1::ApplyAppsResponse again = MustApply(request);
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
}

TEST_F(ControllerServiceTest, SecondAgentOfOneNameIsRefusedAndListed) {
  ObedientAgent first(server_->channel(), "host-1", "u-1");
  ASSERT_TRUE(first.welcomed());
  ObedientAgent second(server_->channel(), "host-1", "u-2");
  EXPECT_FALSE(second.welcomed());
  EXPECT_EQ(second.AwaitEnd().error_code(), grpc::StatusCode::ALREADY_EXISTS);
  grpc::ClientContext context;
  v1::ListHostsResponse response;
  ASSERT_TRUE(hosts_->ListHosts(&context, {}, &response).ok());
  ASSERT_EQ(response.hosts_size(), 1);
  EXPECT_EQ(response.hosts(0).state(), v1::HOST_STATE_CONFLICT);
  EXPECT_THAT(response.hosts(0).reason(), HasSubstr("u-2"));
}

TEST_F(ControllerServiceTest, LogsOfAHostReachTheReader) {
  ObedientAgent agent(server_->channel(), "host-1", "u-1");
  AwaitRollout(MustApply(ApplyRequest("web")).results(0).rollout_uid());
  grpc::ClientContext context;
  v1::TailLogsRequest request;
  request.add_apps("web");
  auto reader = logs_->TailLogs(&context, request);
  v1::TailLogsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  ASSERT_EQ(response.lines_size(), 1);
  EXPECT_EQ(response.lines(0).text(), "hello from a worker");
  EXPECT_EQ(response.lines(0).host(), "host-1");
  EXPECT_TRUE(response.caught_up());
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(ControllerServiceTest, APatternThatIsNoneIsAnErrorOfTheCall) {
  ObedientAgent agent(server_->channel(), "host-1", "u-1");
  AwaitRollout(MustApply(ApplyRequest("web")).results(0).rollout_uid());
  grpc::ClientContext context;
  v1::TailLogsRequest request;
  request.add_apps("web");
  request.mutable_filter()->set_grep("(");
  auto reader = logs_->TailLogs(&context, request);
  v1::TailLogsResponse response;
  EXPECT_FALSE(reader->Read(&response));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(status.error_message().find("\"(\" is no pattern"),
            std::string::npos);
}

TEST_F(ControllerServiceTest, DeletedAppIsGone) {
  ObedientAgent agent(server_->channel(), "host-1", "u-1");
  AwaitRollout(MustApply(ApplyRequest("web")).results(0).rollout_uid());
  grpc::ClientContext context;
  v1::DeleteAppRequest request;
  request.set_name("web");
  v1::DeleteAppResponse response;
  ASSERT_TRUE(apps_->DeleteApp(&context, request, &response).ok());
  grpc::ClientContext context2;
  v1::ListAppsResponse list;
  ASSERT_TRUE(apps_->ListApps(&context2, {}, &list).ok());
  EXPECT_EQ(list.apps_size(), 0);
}

TEST_F(ControllerServiceTest, EpochRisesWithEachStart) {
  auto epoch = [this] {
    grpc::ClientContext context;
    v1::GetControllerResponse response;
    EXPECT_TRUE(hosts_->GetController(&context, {}, &response).ok());
    return response.epoch();
  };
  EXPECT_EQ(epoch(), 1);
  server_.reset();
  server_ = std::make_unique<Server>(folder_.path());
  MakeStubs();
  EXPECT_EQ(epoch(), 2);
}

TEST_F(ControllerServiceTest, StoppingSendsAgentsAway) {
  ObedientAgent agent(server_->channel(), "host-1", "u-1");
  ASSERT_TRUE(agent.welcomed());
  server_.reset();
  EXPECT_FALSE(agent.AwaitEnd().ok());
}

}  // namespace
}  // namespace fleet::controller
