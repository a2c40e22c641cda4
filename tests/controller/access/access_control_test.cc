// Who may call what: every method of every service as every role.
#include "controller/access/access_control.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_split.h"
#include "controller/store/migrations.h"
#include "fleet/v1/access_service.pb.h"
#include "fleet/v1/agent_service.pb.h"
#include "fleet/v1/app_service.pb.h"
#include "fleet/v1/audit_service.pb.h"
#include "fleet/v1/enrollment_service.pb.h"
#include "fleet/v1/host_service.pb.h"
#include "fleet/v1/log_service.pb.h"
#include "fleet/v1/rollout_service.pb.h"
#include "fleet/v1/secret_service.pb.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using testing::ElementsAre;
using testing::HasSubstr;

// Every file of the contract with a service; a new one is listed here.
std::vector<const FileDescriptor*> ServiceFiles() {
  return {v1::CreateTokenRequest::descriptor()->file(),
          v1::SessionRequest::descriptor()->file(),
          v1::ApplyAppsRequest::descriptor()->file(),
          v1::VerifyAuditRequest::descriptor()->file(),
          v1::EnrollHostRequest::descriptor()->file(),
          v1::ListHostsRequest::descriptor()->file(),
          v1::TailLogsRequest::descriptor()->file(),
          v1::CreateRolloutRequest::descriptor()->file(),
          v1::SetSecretRequest::descriptor()->file()};
}

std::vector<const MethodDescriptor*> Methods() {
  std::vector<const MethodDescriptor*> methods;
  for (const FileDescriptor* file : ServiceFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back(file->service(s)->method(m));
      }
    }
  }
  return methods;
}

std::string PathOf(const MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

// Two hosts; web is on both, api on host-1.
class TwoHosts : public AccessFacts {
 public:
  std::string AppOfRollout(const std::string& name) const override {
    return name == "r-1" ? "web" : "";
  }
  std::vector<std::string> HostsOf(
      const std::string& app,
      const std::vector<std::string>& selectors) const override {
    if (!selectors.empty()) return {selectors[0]};
    if (app == "web") return {"host-1", "host-2"};
    return app == "api" ? std::vector<std::string>{"host-1"}
                        : std::vector<std::string>{};
  }
  std::vector<std::string> Matching(
      const std::string& selector) const override {
    if (selector == "all") return {"host-1", "host-2"};
    return {selector};
  }
  std::vector<std::string> Outside(const std::vector<std::string>& hosts,
                                   const std::string& selector) const override {
    std::vector<std::string> outside;
    for (const std::string& host : hosts) {
      if (host != selector) outside.push_back(host);
    }
    return outside;
  }
};

class AccessControlTest : public ::testing::Test {
 protected:
  AccessControlTest() {
    database = *SqliteDatabase::Open(folder.File("controller.db"));
    FLEET_CHECK(Migrate(*database, Migrations()).ok());
    store = std::make_unique<SqliteAccessStore>(*database);
    tokens = std::make_unique<TokenRegistry>(*store, clock);
    certificates =
        std::make_unique<HostCertificates>(*store, *tokens, nullptr, clock);
    control = std::make_unique<AccessControl>(*tokens, *certificates, facts);
  }
  CallCredentials With(Role role, AccessScope scope = {}) {
    TokenRecord wanted;
    wanted.name = Name(role);
    wanted.role = role;
    wanted.scope = std::move(scope);
    CallCredentials credentials;
    credentials.connection.kind = Identity::Kind::kUnidentified;
    credentials.bearer = tokens->Create(wanted, absl::Hours(1))->secret;
    return credentials;
  }
  absl::Status Try(const CallCredentials& who, const std::string& method,
                   const google::protobuf::Message& request) {
    return control->Admit(who, method, request).status();
  }

  TempFolder folder;
  FakeClock clock;
  TwoHosts facts;
  std::unique_ptr<SqliteDatabase> database;
  std::unique_ptr<SqliteAccessStore> store;
  std::unique_ptr<TokenRegistry> tokens;
  std::unique_ptr<HostCertificates> certificates;
  std::unique_ptr<AccessControl> control;
};

TEST(MethodPermission, EveryServiceFileIsListedHere) {
  // All that the generated code knows of the package.
  std::set<std::string> listed;
  for (const MethodDescriptor* method : Methods()) {
    listed.insert(method->service()->full_name());
  }
  for (const char* service :
       {"AccessService", "AgentService", "AppService", "AuditService",
        "EnrollmentService", "HostService", "LogService", "RolloutService",
        "SecretService"}) {
    EXPECT_TRUE(listed.count(std::string("fleet.v1.") + service) == 1)
        << service;
  }
}

TEST(MethodPermission, EveryMethodDeclaresOneWhoseFieldsExist) {
  google::protobuf::DynamicMessageFactory factory;
  for (const MethodDescriptor* method : Methods()) {
    const v1::MethodPermission* permission = PermissionOf(PathOf(*method));
    ASSERT_NE(permission, nullptr)
        << PathOf(*method) << ": add `option (permission) = {role: …}` to it "
        << "in its proto";
    EXPECT_NE(permission->role(), v1::ROLE_UNSPECIFIED) << PathOf(*method);
    const auto* request = factory.GetPrototype(method->input_type());
    for (const std::string& field :
         {permission->app_field(), permission->rollout_field(),
          permission->placement_field()}) {
      if (!field.empty()) ValuesAt(*request, field);  // Checks itself.
    }
    for (const absl::string_view field :
         absl::StrSplit(permission->hosts_field(), ' ', absl::SkipEmpty())) {
      ValuesAt(*request, ToStd(field));
    }
    RoleNeeded(*permission, *request);  // Likewise.
    if (!permission->rollout_answer().empty()) {
      ValuesAt(*factory.GetPrototype(method->output_type()),
               permission->rollout_answer());
    }
  }
}

TEST_F(AccessControlTest, EveryMethodTakesItsRoleAndHigherAndNoOther) {
  google::protobuf::DynamicMessageFactory factory;
  const struct {
    Role role;
    v1::Role least;
  } roles[] = {{Role::kViewer, v1::ROLE_VIEWER},
               {Role::kOperator, v1::ROLE_OPERATOR},
               {Role::kDeployer, v1::ROLE_DEPLOYER},
               {Role::kAdmin, v1::ROLE_ADMIN}};
  for (const auto& caller : roles) {
    const CallCredentials who = With(caller.role);
    for (const MethodDescriptor* method : Methods()) {
      const v1::Role needed = PermissionOf(PathOf(*method))->role();
      const bool allowed = needed == v1::ROLE_PUBLIC ||
                           (needed != v1::ROLE_AGENT && caller.least >= needed);
      const auto* request = factory.GetPrototype(method->input_type());
      EXPECT_EQ(Try(who, PathOf(*method), *request).ok(), allowed)
          << Name(caller.role) << " " << PathOf(*method);
    }
  }
}

TEST_F(AccessControlTest, NobodyGetsInWithoutProof) {
  CallCredentials nobody;
  nobody.connection.kind = Identity::Kind::kUnidentified;
  google::protobuf::DynamicMessageFactory factory;
  for (const MethodDescriptor* method : Methods()) {
    const bool open = PermissionOf(PathOf(*method))->role() == v1::ROLE_PUBLIC;
    const auto* request = factory.GetPrototype(method->input_type());
    EXPECT_EQ(absl::IsUnauthenticated(Try(nobody, PathOf(*method), *request)),
              !open)
        << PathOf(*method);
  }
  CallCredentials host;
  host.connection.kind = Identity::Kind::kHost;
  host.connection.host = "host-1";
  host.fingerprint = "of nobody";
  EXPECT_TRUE(absl::IsUnauthenticated(
      Try(host, "/fleet.v1.AgentService/Session", v1::SessionRequest())));
}

TEST_F(AccessControlTest, AHostMayHoldItsSessionAndNothingElse) {
  certificates->Load(
      {{"f-1", "host-1", clock.WallNow() + absl::Hours(1), false}}, {});
  CallCredentials host;
  host.connection.kind = Identity::Kind::kHost;
  host.connection.host = "host-1";
  host.fingerprint = "f-1";
  google::protobuf::DynamicMessageFactory factory;
  for (const MethodDescriptor* method : Methods()) {
    const v1::Role needed = PermissionOf(PathOf(*method))->role();
    const auto* request = factory.GetPrototype(method->input_type());
    EXPECT_EQ(Try(host, PathOf(*method), *request).ok(),
              needed == v1::ROLE_AGENT || needed == v1::ROLE_PUBLIC)
        << PathOf(*method);
  }
}

TEST_F(AccessControlTest, AMethodThatIsNotKnownIsDenied) {
  EXPECT_TRUE(absl::IsPermissionDenied(Try(
      With(Role::kAdmin), "/fleet.v1.AppService/NoSuch", v1::GetAppRequest())));
  EXPECT_TRUE(absl::IsPermissionDenied(
      Try(With(Role::kAdmin), "", v1::GetAppRequest())));
}

TEST_F(AccessControlTest, ARoleCanBeLimitedToApps) {
  const CallCredentials who = With(Role::kDeployer, {{"web*"}, ""});
  const auto reload = [&](const std::string& app) {
    v1::CreateRolloutRequest request;
    request.set_app(app);
    return Try(who, "/fleet.v1.RolloutService/CreateRollout", request);
  };
  EXPECT_TRUE(reload("web").ok());
  EXPECT_TRUE(reload("web-2").ok());
  for (const char* app : {"api", "", "all", "web*", "w?b"}) {
    EXPECT_EQ(ReasonOf(reload(app)).reason, "OUT_OF_SCOPE") << app;
  }
  v1::PauseRolloutRequest pause;
  pause.set_name("r-1");
  EXPECT_TRUE(Try(who, "/fleet.v1.RolloutService/PauseRollout", pause).ok());
  pause.set_name("r-2");
  EXPECT_FALSE(Try(who, "/fleet.v1.RolloutService/PauseRollout", pause).ok());
  v1::ApplyAppsRequest apply;
  apply.add_specs()->set_name("web");
  EXPECT_TRUE(Try(who, "/fleet.v1.AppService/ApplyApps", apply).ok());
  apply.add_specs()->set_name("api");
  EXPECT_FALSE(Try(who, "/fleet.v1.AppService/ApplyApps", apply).ok());
}

TEST_F(AccessControlTest, ARoleCanBeLimitedToHosts) {
  const CallCredentials who = With(Role::kDeployer, {{}, "host-1"});
  v1::CreateRolloutRequest reload;
  reload.set_app("api");
  EXPECT_TRUE(Try(who, "/fleet.v1.RolloutService/CreateRollout", reload).ok());
  reload.set_app("web");
  absl::Status refused =
      Try(who, "/fleet.v1.RolloutService/CreateRollout", reload);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("host-2"));
  reload.set_hosts("host-1");
  EXPECT_TRUE(Try(who, "/fleet.v1.RolloutService/CreateRollout", reload).ok());
  // Where an app shall be counts too, and where it is already.
  v1::ApplyAppsRequest apply;
  apply.add_specs()->set_name("new");
  apply.mutable_specs(0)->set_hosts("host-1");
  EXPECT_TRUE(Try(who, "/fleet.v1.AppService/ApplyApps", apply).ok());
  apply.mutable_specs(0)->set_hosts("all");
  EXPECT_FALSE(Try(who, "/fleet.v1.AppService/ApplyApps", apply).ok());
  apply.mutable_specs(0)->set_name("web");
  apply.mutable_specs(0)->set_hosts("host-1");
  EXPECT_FALSE(Try(who, "/fleet.v1.AppService/ApplyApps", apply).ok());
}

// An app comes by itself to a host that joins later and fits its `hosts`.
TEST_F(AccessControlTest, ALimitToHostsHoldsForThoseThatJoinLater) {
  // What these pick now is within the limits.
  class OneHost final : public TwoHosts {
   public:
    std::vector<std::string> Matching(const std::string&) const override {
      return {};
    }
  } now;
  AccessControl access(*tokens, *certificates, now);
  const auto apply = [&](const std::string& limit, const std::string& hosts) {
    v1::ApplyAppsRequest request;
    request.add_specs()->set_name("new");
    request.mutable_specs(0)->set_hosts(hosts);
    return access
        .Admit(With(Role::kDeployer, {{}, limit}),
               "/fleet.v1.AppService/ApplyApps", request)
        .status();
  };
  for (const char* hosts : {"host-1", "role=web", "role=web,zone!=a"}) {
    const char* limit = hosts[0] == 'h' ? "host-1" : "role=web";
    EXPECT_TRUE(apply(limit, hosts).ok()) << hosts;
  }
  for (const char* hosts : {"", "all", "*", "host-1,db-*", "host-9", "zone=a",
                            "role=db", "role in (web,db)", "role!=db"}) {
    const absl::Status refused = apply("role=web", hosts);
    EXPECT_EQ(ReasonOf(refused).reason, "OUT_OF_SCOPE") << hosts;
    EXPECT_FALSE(apply("host-1", hosts).ok()) << hosts;
  }
}

TEST_F(AccessControlTest, ABackwardRevisionAndProgramsAreADeployers) {
  constexpr char kCreate[] = "/fleet.v1.RolloutService/CreateRollout";
  const CallCredentials who = With(Role::kOperator);
  v1::CreateRolloutRequest plain;
  plain.set_app("web");
  plain.set_kind(v1::ROLLOUT_KIND_RELOAD);
  plain.mutable_policy()->set_canary("1");
  EXPECT_TRUE(Try(who, kCreate, plain).ok());
  v1::CreateRolloutRequest back = plain;
  back.set_kind(v1::ROLLOUT_KIND_ROLLBACK);
  v1::CreateRolloutRequest hooks = plain;
  hooks.mutable_policy()->mutable_hooks()->mutable_pre_reload()->set_command(
      "true");
  v1::CreateRolloutRequest gates = plain;
  gates.mutable_policy()->add_metric_gates();
  for (const v1::CreateRolloutRequest& request : {back, hooks, gates}) {
    EXPECT_EQ(ReasonOf(Try(who, kCreate, request)).reason, "ROLE_TOO_LOW")
        << request.ShortDebugString();
    EXPECT_TRUE(Try(With(Role::kDeployer), kCreate, request).ok());
  }
}

// Reading is not refused on account of hosts: what is beyond is left out.
TEST_F(AccessControlTest, ReadersWithALimitMayAskAndSeeTheirPart) {
  const CallCredentials who = With(Role::kViewer, {{"web*"}, "host-1"});
  v1::GetAppRequest app;
  app.set_name("web");
  EXPECT_TRUE(Try(who, "/fleet.v1.AppService/GetApp", app).ok());
  app.set_name("api");
  EXPECT_EQ(ReasonOf(Try(who, "/fleet.v1.AppService/GetApp", app)).reason,
            "OUT_OF_SCOPE");
  v1::TailLogsRequest logs;
  EXPECT_TRUE(Try(who, "/fleet.v1.LogService/TailLogs", logs).ok());
  logs.add_apps("web.2");
  EXPECT_TRUE(Try(who, "/fleet.v1.LogService/TailLogs", logs).ok());
  logs.add_apps("api");
  EXPECT_FALSE(Try(who, "/fleet.v1.LogService/TailLogs", logs).ok());
  v1::GetRolloutRequest rollout;
  rollout.set_name("r-1");
  EXPECT_TRUE(Try(who, "/fleet.v1.RolloutService/GetRollout", rollout).ok());
  rollout.set_name("r-2");
  EXPECT_FALSE(Try(who, "/fleet.v1.RolloutService/GetRollout", rollout).ok());
}

TEST_F(AccessControlTest, WhatHasEndedIsNoLongerGood) {
  const CallCredentials who = With(Role::kViewer);
  const Identity caller = *control->Identify(who);
  EXPECT_TRUE(control->Recheck(caller).ok());
  EXPECT_EQ(caller.expire_time, clock.WallNow() + absl::Hours(1));
  clock.Advance(absl::Hours(1));
  EXPECT_TRUE(absl::IsUnauthenticated(control->Recheck(caller)));
  const Identity other = *control->Identify(With(Role::kAdmin));
  ASSERT_TRUE(tokens->Revoke(other.token_id).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(control->Recheck(other)));
  Identity local;
  local.kind = Identity::Kind::kLocalUser;
  EXPECT_TRUE(control->Recheck(local).ok());
}

TEST_F(AccessControlTest, AnIssuedTokenNeedsAnIssuer) {
  CallCredentials who;
  who.bearer = "eyJhbGciOiJub25lIn0.e30.x";
  EXPECT_THAT(std::string(control->Identify(who).status().message()),
              HasSubstr("--issuers"));
}

TEST_F(AccessControlTest, LimitsKeepFromWhatIsAboutTheWholeFleet) {
  v1::DeleteHostRequest remove;
  remove.set_name("host-1");
  EXPECT_EQ(ReasonOf(Try(With(Role::kAdmin, {{"web"}, ""}),
                         "/fleet.v1.HostService/DeleteHost", remove))
                .reason,
            "OUT_OF_SCOPE");
}

TEST(ValuesAt, ReadsRepeatedAndNestedTexts) {
  v1::ApplyAppsRequest apply;
  apply.set_hosts("h");
  apply.add_specs()->set_name("a");
  apply.add_specs()->set_name("b");
  EXPECT_THAT(ValuesAt(apply, "specs.name"), ElementsAre("a", "b"));
  EXPECT_THAT(ValuesAt(apply, "hosts"), ElementsAre("h"));
}

}  // namespace
}  // namespace fleet::controller
