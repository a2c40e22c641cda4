// What callers with a limit see: every list and stream of the API, over gRPC.
#include "controller/caller_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fleet/v1/access_service.grpc.pb.h"
#include "fleet/v1/app_service.grpc.pb.h"
#include "fleet/v1/host_service.grpc.pb.h"
#include "fleet/v1/log_service.grpc.pb.h"
#include "fleet/v1/rollout_service.grpc.pb.h"
#include "fleet/v1/secret_service.grpc.pb.h"
#include "proto/rpc/grpc_status.h"
#include "tests/controller/controller_server.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

// web is on host-1 and host-2, api on host-2 alone.
class CallerViewTest : public ::testing::Test {
 protected:
  CallerViewTest()
      : server_(folder_.path()),
        access_(v1::AccessService::NewStub(server_.channel())),
        apps_(v1::AppService::NewStub(server_.channel())),
        hosts_(v1::HostService::NewStub(server_.channel())),
        logs_(v1::LogService::NewStub(server_.channel())),
        rollouts_(v1::RolloutService::NewStub(server_.channel())),
        first_(server_.channel(), "host-1", "u-1"),
        second_(server_.channel(), "host-2", "u-2") {
    Apply("web", "all");
    Apply("api", "host-2");
  }

  void Apply(const std::string& name, const std::string& hosts) {
    v1::ApplyAppsRequest request;
    v1::AppSpec& spec = *request.add_specs();
    spec.set_name(name);
    spec.set_script("/bin/sleep");
    spec.set_interpreter("none");
    spec.set_cwd("/");
    spec.set_hosts(hosts);
    grpc::ClientContext context;
    v1::ApplyAppsResponse response;
    grpc::Status status = apps_->ApplyApps(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    grpc::ClientContext watching;
    v1::WatchRolloutRequest watch;
    watch.set_name(response.results(0).rollout_uid());
    auto reader = rollouts_->WatchRollout(&watching, watch);
    v1::WatchRolloutResponse event;
    while (reader->Read(&event)) {
    }
    ASSERT_TRUE(reader->Finish().ok());
  }

  std::string Token(const std::vector<std::string>& apps,
                    const std::string& hosts, v1::Role role = v1::ROLE_VIEWER) {
    v1::CreateTokenRequest request;
    request.mutable_token()->set_name("limited");
    request.mutable_token()->set_kind(v1::TOKEN_KIND_API);
    request.mutable_token()->set_role(role);
    request.mutable_token()->mutable_apps()->Add(apps.begin(), apps.end());
    request.mutable_token()->set_hosts(hosts);
    grpc::ClientContext context;
    v1::CreateTokenResponse response;
    EXPECT_TRUE(access_->CreateToken(&context, request, &response).ok());
    return response.secret();
  }

  template <typename Response, typename Stub, typename Method, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, Stub& stub,
                                Method method, const Request& request) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    Response response;
    absl::Status status =
        FromGrpcStatus((stub.*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  std::vector<std::string> AppNames(const std::string& token) {
    std::vector<std::string> names;
    auto list = Call<v1::ListAppsResponse>(
        token, *apps_, &v1::AppService::Stub::ListApps, v1::ListAppsRequest());
    EXPECT_TRUE(list.ok()) << list.status();
    for (const v1::App& app : list->apps()) names.push_back(app.name());
    return names;
  }
  std::vector<std::string> HostNames(const std::string& token) {
    std::vector<std::string> names;
    auto list = Call<v1::ListHostsResponse>(token, *hosts_,
                                            &v1::HostService::Stub::ListHosts,
                                            v1::ListHostsRequest());
    EXPECT_TRUE(list.ok()) << list.status();
    for (const v1::Host& host : list->hosts()) names.push_back(host.name());
    return names;
  }
  std::vector<std::string> RolloutApps(const std::string& token) {
    std::vector<std::string> names;
    auto list = Call<v1::ListRolloutsResponse>(
        token, *rollouts_, &v1::RolloutService::Stub::ListRollouts,
        v1::ListRolloutsRequest());
    EXPECT_TRUE(list.ok()) << list.status();
    for (const v1::Rollout& r : list->rollouts()) names.push_back(r.app());
    return names;
  }
  absl::StatusOr<v1::GetAppResponse> App(const std::string& token,
                                         const std::string& name) {
    v1::GetAppRequest request;
    request.set_name(name);
    return Call<v1::GetAppResponse>(token, *apps_,
                                    &v1::AppService::Stub::GetApp, request);
  }
  absl::StatusOr<v1::GetRolloutResponse> Rollout(const std::string& token,
                                                 const std::string& app) {
    v1::GetRolloutRequest request;
    request.set_name(app);
    return Call<v1::GetRolloutResponse>(
        token, *rollouts_, &v1::RolloutService::Stub::GetRollout, request);
  }
  // All messages of a watch of the app's newest rollout.
  std::string Watch(const std::string& token, const std::string& app) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    v1::WatchRolloutRequest request;
    request.set_name(app);
    auto reader = rollouts_->WatchRollout(&context, request);
    std::string all;
    v1::WatchRolloutResponse response;
    while (reader->Read(&response)) all += response.DebugString();
    return all + std::string(reader->Finish().error_message());
  }
  // Apps whose lines come, and the names of hosts.
  std::vector<std::string> LogApps(const std::string& token,
                                   const std::vector<std::string>& apps = {}) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    v1::TailLogsRequest request;
    request.mutable_apps()->Add(apps.begin(), apps.end());
    auto reader = logs_->TailLogs(&context, request);
    std::vector<std::string> seen;
    v1::TailLogsResponse response;
    while (reader->Read(&response)) {
      for (const v1::LogLine& line : response.lines()) {
        seen.push_back(absl::StrCat(line.app(), "@", line.host()));
      }
    }
    const grpc::Status end = reader->Finish();
    if (!end.ok()) seen.push_back(end.error_message());
    return seen;
  }

  TempFolder folder_;
  Server server_;
  std::unique_ptr<v1::AccessService::Stub> access_;
  std::unique_ptr<v1::AppService::Stub> apps_;
  std::unique_ptr<v1::HostService::Stub> hosts_;
  std::unique_ptr<v1::LogService::Stub> logs_;
  std::unique_ptr<v1::RolloutService::Stub> rollouts_;
  ObedientAgent first_;
  ObedientAgent second_;
};

TEST_F(CallerViewTest, WhoHasNoLimitSeesEverything) {
  const std::string token = Token({}, "");
  EXPECT_THAT(AppNames(token), UnorderedElementsAre("web", "api"));
  EXPECT_THAT(HostNames(token), UnorderedElementsAre("host-1", "host-2"));
  EXPECT_THAT(RolloutApps(token), UnorderedElementsAre("web", "api"));
  EXPECT_THAT(LogApps(token), UnorderedElementsAre("all@host-1", "all@host-2"));
}

TEST_F(CallerViewTest, ALimitToAppsShowsTheseAlone) {
  const std::string token = Token({"web*"}, "");
  EXPECT_THAT(AppNames(token), ElementsAre("web"));
  EXPECT_THAT(HostNames(token), UnorderedElementsAre("host-1", "host-2"));
  EXPECT_THAT(RolloutApps(token), ElementsAre("web"));
  EXPECT_TRUE(App(token, "web").ok());
  EXPECT_FALSE(App(token, "api").ok());
  EXPECT_FALSE(Rollout(token, "api").ok());
  EXPECT_THAT(Watch(token, "api"), Not(HasSubstr("host-2")));
  EXPECT_THAT(Watch(token, "web"), HasSubstr("host-2"));
  EXPECT_THAT(LogApps(token), UnorderedElementsAre("web@host-1", "web@host-2"));
  // What an error would list.
  EXPECT_THAT(std::string(App(token, "web-9").status().message()),
              Not(HasSubstr("api")));
  for (const std::string& name : LogApps(token, {"a*"})) {
    EXPECT_THAT(name, HasSubstr("no app of those that you may see"));
  }
}

TEST_F(CallerViewTest, ALimitToHostsShowsTheseAndWhatRunsThere) {
  const std::string token = Token({}, "host-1");
  EXPECT_THAT(AppNames(token), ElementsAre("web"));
  EXPECT_THAT(HostNames(token), ElementsAre("host-1"));
  EXPECT_THAT(RolloutApps(token), ElementsAre("web"));
  EXPECT_THAT(LogApps(token), ElementsAre("web@host-1"));
  const auto web = App(token, "web");
  ASSERT_TRUE(web.ok()) << web.status();
  EXPECT_THAT(web->DebugString(), Not(HasSubstr("host-2")));
  EXPECT_THAT(web->DebugString(), HasSubstr("host-1"));
  EXPECT_TRUE(absl::IsNotFound(App(token, "api").status()));
  const auto rollout = Rollout(token, "web");
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  EXPECT_THAT(rollout->DebugString(), Not(HasSubstr("host-2")));
  EXPECT_EQ(rollout->rollout().steps_size(), 1);
  EXPECT_EQ(rollout->rollout().hosts_total(), 2);
  EXPECT_THAT(Watch(token, "web"), Not(HasSubstr("host-2")));
  EXPECT_TRUE(absl::IsNotFound(Rollout(token, "api").status()));
  EXPECT_THAT(Watch(token, "api"), Not(HasSubstr("host-2")));

  v1::GetHostRequest host;
  host.set_name("host-2");
  const absl::Status hidden =
      Call<v1::GetHostResponse>(token, *hosts_, &v1::HostService::Stub::GetHost,
                                host)
          .status();
  EXPECT_TRUE(absl::IsNotFound(hidden));
  EXPECT_THAT(std::string(hidden.message()), HasSubstr("host-1"));
  auto controller = Call<v1::GetControllerResponse>(
      token, *hosts_, &v1::HostService::Stub::GetController,
      v1::GetControllerRequest());
  EXPECT_EQ(controller->hosts_total(), 1);
}

TEST_F(CallerViewTest, WhatAChangeAnswersIsLimitedToo) {
  const std::string token = Token({"web"}, "host-1", v1::ROLE_DEPLOYER);
  v1::StopAppRequest stop;
  stop.set_name("web");
  EXPECT_FALSE(Call<v1::StopAppResponse>(token, *apps_,
                                         &v1::AppService::Stub::StopApp, stop)
                   .ok());
  stop.set_hosts("host-1");
  const auto stopped = Call<v1::StopAppResponse>(
      token, *apps_, &v1::AppService::Stub::StopApp, stop);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_THAT(stopped->DebugString(), Not(HasSubstr("host-2")));
}

TEST_F(CallerViewTest, ALimitToHostsHidesWhatIsLeftOfAnAppThatIsGone) {
  const std::string token = Token({}, "host-1");
  for (const char* name : {"web", "api"}) {
    v1::DeleteAppRequest gone;
    gone.set_name(name);
    grpc::ClientContext context;
    v1::DeleteAppResponse response;
    ASSERT_TRUE(apps_->DeleteApp(&context, gone, &response).ok());
  }
  EXPECT_THAT(RolloutApps(token), Not(testing::Contains("api")));
  EXPECT_TRUE(absl::IsNotFound(App(token, "api").status()));
  EXPECT_TRUE(absl::IsNotFound(Rollout(token, "api").status()));
  EXPECT_THAT(Watch(token, "api"), HasSubstr("no app"));
  v1::DiffRolloutRequest diff;
  diff.set_name("api");
  EXPECT_TRUE(absl::IsNotFound(
      Call<v1::DiffRolloutResponse>(
          token, *rollouts_, &v1::RolloutService::Stub::DiffRollout, diff)
          .status()));
}

// A program tells its author what is in its environment.
TEST_F(CallerViewTest, WhoIsLimitedNamesNoSecretThatItsAppsHaveNotGot) {
  auto secrets = v1::SecretService::NewStub(server_.channel());
  for (const char* name : {"of-web", "of-api", "new"}) {
    v1::SetSecretRequest set;
    set.set_name(name);
    set.set_value("planted");
    grpc::ClientContext context;
    v1::SetSecretResponse response;
    ASSERT_TRUE(secrets->SetSecret(&context, set, &response).ok());
  }
  const auto apply = [&](const std::string& token, const std::string& app,
                         const std::string& hosts, const std::string& secret,
                         bool look = false) {
    v1::ApplyAppsRequest request;
    request.set_validate_only(look);
    v1::AppSpec& spec = *request.add_specs();
    spec.set_name(app);
    spec.set_script("/bin/sleep");
    spec.set_interpreter("none");
    spec.set_cwd("/");
    spec.set_hosts(hosts);
    (*spec.mutable_secrets())["VALUE"] = secret;
    return Call<v1::ApplyAppsResponse>(
               token, *apps_, &v1::AppService::Stub::ApplyApps, request)
        .status();
  };
  const std::string admin = Token({}, "", v1::ROLE_ADMIN);
  ASSERT_TRUE(apply(admin, "web", "all", "of-web").ok());
  ASSERT_TRUE(apply(admin, "api", "host-2", "of-api").ok());

  const std::string by_app = Token({"web*"}, "", v1::ROLE_DEPLOYER);
  EXPECT_TRUE(apply(by_app, "web", "all", "of-web", true).ok());
  EXPECT_TRUE(apply(by_app, "web-2", "all", "of-web", true).ok());
  const std::string by_host = Token({}, "host-2", v1::ROLE_DEPLOYER);
  EXPECT_TRUE(apply(by_host, "api-2", "host-2", "of-api", true).ok());
  // web is on host-1, too. Whether there is such a secret is not told either.
  for (const auto& [token, secret] :
       {std::pair(by_app, "of-api"), std::pair(by_app, "new"),
        std::pair(by_app, "none"), std::pair(by_host, "of-web")}) {
    const absl::Status refused = apply(token, "web-3", "host-2", secret);
    EXPECT_TRUE(absl::IsPermissionDenied(refused)) << secret << refused;
    EXPECT_TRUE(absl::IsPermissionDenied(
        apply(token, "web-3", "host-2", secret, true)));
  }
}

TEST_F(CallerViewTest, TheRequestIdOfSomebodyElseTellsNothing) {
  v1::ApplyAppsRequest request;
  v1::AppSpec& spec = *request.add_specs();
  spec.set_name("api");
  spec.set_script("/bin/true");
  spec.set_interpreter("none");
  spec.set_cwd("/");
  spec.set_hosts("host-2");
  request.set_request_id("build-7");
  request.set_supersede(true);
  const std::string admin = Token({}, "", v1::ROLE_ADMIN);
  const auto apply = [&](const std::string& token) {
    return Call<v1::ApplyAppsResponse>(
        token, *apps_, &v1::AppService::Stub::ApplyApps, request);
  };
  const auto first = apply(admin);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(apply(admin)->DebugString(), first->DebugString());
  spec.set_name("web");
  spec.set_hosts("all");
  const absl::Status other =
      apply(Token({"web"}, "", v1::ROLE_DEPLOYER)).status();
  EXPECT_TRUE(absl::IsInvalidArgument(other)) << other;
  EXPECT_THAT(std::string(other.message()), HasSubstr("already used"));
}

TEST_F(CallerViewTest, WhoIsLimitedEndsNoRolloutThatIsAlsoOnOtherHosts) {
  v1::CreateRolloutRequest request;
  request.set_app("web");
  request.set_kind(v1::ROLLOUT_KIND_RELOAD);
  request.mutable_policy()->set_canary("1");
  request.mutable_policy()->set_promotion(v1::PROMOTION_MANUAL);
  const auto create = [&](const std::string& token) {
    return Call<v1::CreateRolloutResponse>(
               token, *rollouts_, &v1::RolloutService::Stub::CreateRollout,
               request)
        .status();
  };
  ASSERT_TRUE(create(Token({}, "", v1::ROLE_OPERATOR)).ok());
  request.set_hosts("host-1");
  request.set_supersede(true);
  const absl::Status refused = create(Token({}, "host-1", v1::ROLE_OPERATOR));
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("host-2")));
  ASSERT_TRUE(create(Token({}, "", v1::ROLE_OPERATOR)).ok());
  // This one is on host-1 alone.
  EXPECT_TRUE(create(Token({}, "host-1", v1::ROLE_OPERATOR)).ok());
}

TEST_F(CallerViewTest, AnAdminWithALimitReadsNothingAboutTheWholeFleet) {
  const std::string token = Token({"web"}, "", v1::ROLE_ADMIN);
  EXPECT_TRUE(absl::IsPermissionDenied(
      Call<v1::ListTokensResponse>(token, *access_,
                                   &v1::AccessService::Stub::ListTokens,
                                   v1::ListTokensRequest())
          .status()));
}

}  // namespace
}  // namespace fleet::controller
