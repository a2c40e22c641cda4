// Every method that changes something leaves one record, with its outcome.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "controller/access/method_permission.h"
#include "fleet/v1/access_service.grpc.pb.h"
#include "fleet/v1/app_service.grpc.pb.h"
#include "fleet/v1/audit_service.grpc.pb.h"
#include "fleet/v1/enrollment_service.grpc.pb.h"
#include "fleet/v1/host_service.pb.h"
#include "fleet/v1/log_service.grpc.pb.h"
#include "fleet/v1/rollout_service.grpc.pb.h"
#include "fleet/v1/secret_service.grpc.pb.h"
#include "proto/rpc/grpc_status.h"
#include "tests/controller/controller_server.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using testing::HasSubstr;

// By their names, as AIP has them: what only looks. All else changes something.
bool OnlyReads(const MethodDescriptor& method) {
  for (const char* verb :
       {"Get", "List", "Watch", "Tail", "Inspect", "Check", "Diff", "Verify"}) {
    if (absl::StartsWith(method.name(), verb)) return true;
  }
  return false;
}

std::vector<const MethodDescriptor*> UnaryMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const char* name :
       {"AccessService", "AppService", "AuditService", "EnrollmentService",
        "HostService", "LogService", "RolloutService", "SecretService"}) {
    const auto* service = DescriptorPool::generated_pool()->FindServiceByName(
        absl::StrCat("fleet.v1.", name));
    for (int i = 0; i < service->method_count(); ++i) {
      if (!service->method(i)->server_streaming()) {
        methods.push_back(service->method(i));
      }
    }
  }
  return methods;
}

class CallerAuditTest : public ::testing::Test {
 protected:
  CallerAuditTest()
      : server_(folder_.path()),
        audit_(v1::AuditService::NewStub(server_.channel())),
        apps_(v1::AppService::NewStub(server_.channel())),
        rollouts_(v1::RolloutService::NewStub(server_.channel())) {}

  std::vector<v1::AuditRecord> Records() {
    grpc::ClientContext context;
    v1::ListAuditRecordsRequest request;
    request.set_page_size(1000);
    v1::ListAuditRecordsResponse response;
    EXPECT_TRUE(audit_->ListAuditRecords(&context, request, &response).ok());
    return {response.records().begin(), response.records().end()};
  }

  // A request that says as little as it may, by the fields' names alone; the
  // bytes of its answer are added to `answer`.
  absl::Status Call(const MethodDescriptor& method,
                    const std::string& name = "nobody",
                    std::string* answer = nullptr) {
    google::protobuf::DynamicMessageFactory factory;
    std::unique_ptr<Message> request(
        factory.GetPrototype(method.input_type())->New());
    for (const char* field : {"name", "host", "app", "token"}) {
      const auto* found = method.input_type()->FindFieldByName(field);
      if (found != nullptr && found->type() == found->TYPE_STRING) {
        request->GetReflection()->SetString(request.get(), found, name);
      }
    }
    const std::string path =
        absl::StrCat("/", method.service()->full_name(), "/", method.name());
    grpc::GenericStub stub(server_.channel());
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::Slice slice(request->SerializeAsString());
    grpc::ByteBuffer sent(&slice, 1);
    grpc::ByteBuffer received;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, path, sent, &queue);
    call->StartCall();
    call->Finish(&received, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    grpc::Slice whole;
    if (answer != nullptr && received.DumpToSingleSlice(&whole).ok()) {
      answer->append(reinterpret_cast<const char*>(whole.begin()),
                     whole.size());
    }
    return FromGrpcStatus(status);
  }

  TempFolder folder_;
  Server server_;
  std::unique_ptr<v1::AuditService::Stub> audit_;
  std::unique_ptr<v1::AppService::Stub> apps_;
  std::unique_ptr<v1::RolloutService::Stub> rollouts_;
};

TEST_F(CallerAuditTest, EveryMethodThatChangesLeavesOneRecordWithItsOutcome) {
  size_t before = 0;
  for (const MethodDescriptor* method : UnaryMethods()) {
    if (OnlyReads(*method)) continue;
    const absl::Status status = Call(*method);
    const std::vector<v1::AuditRecord> records = Records();
    // Who proves nothing leaves none: anybody could fill the log.
    if (absl::IsUnauthenticated(status)) {
      EXPECT_EQ(records.size(), before) << method->full_name();
      continue;
    }
    ASSERT_EQ(records.size(), before + 1) << method->full_name();
    const v1::AuditRecord& record = records.back();
    EXPECT_EQ(record.method(), absl::StrCat("/", method->service()->full_name(),
                                            "/", method->name()));
    EXPECT_THAT(record.actor(), HasSubstr("anonymous"));
    EXPECT_THAT(record.outcome(),
                HasSubstr(absl::StatusCodeToString(status.code())));
    before = records.size();
  }
  EXPECT_GT(before, 20u);
}

// Unary or a stream: who showed a token is on record under its name.
TEST_F(CallerAuditTest, ARefusalNamesWhoWasRefused) {
  grpc::ClientContext creating;
  v1::CreateTokenRequest create;
  create.mutable_token()->set_name("ci-web");
  create.mutable_token()->set_kind(v1::TOKEN_KIND_API);
  create.mutable_token()->set_role(v1::ROLE_VIEWER);
  create.mutable_token()->add_apps("web");
  v1::CreateTokenResponse made;
  ASSERT_TRUE(v1::AccessService::NewStub(server_.channel())
                  ->CreateToken(&creating, create, &made)
                  .ok());
  const std::string bearer = absl::StrCat("Bearer ", made.secret());
  grpc::ClientContext stopping;
  stopping.AddMetadata("authorization", bearer);
  v1::StopAppRequest stop;
  stop.set_name("web");
  v1::StopAppResponse stopped;
  EXPECT_EQ(apps_->StopApp(&stopping, stop, &stopped).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Records().back().actor(), "ci-web");
  EXPECT_EQ(Records().back().subject(), "web");
  grpc::ClientContext tailing;
  tailing.AddMetadata("authorization", bearer);
  v1::TailLogsRequest tail;
  tail.add_apps("api");
  EXPECT_EQ(v1::LogService::NewStub(server_.channel())
                ->TailLogs(&tailing, tail)
                ->Finish()
                .error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Records().back().actor(), "ci-web");
  EXPECT_EQ(Records().back().method(), "/fleet.v1.LogService/TailLogs");
}

TEST_F(CallerAuditTest, ARecordNamesTheRolloutsThatCameOfIt) {
  ObedientAgent agent(server_.channel(), "host-1", "u-1");
  ASSERT_TRUE(agent.welcomed());
  v1::ApplyAppsRequest request;
  for (const char* name : {"web", "api"}) {
    v1::AppSpec& spec = *request.add_specs();
    spec.set_name(name);
    spec.set_script("/bin/sleep");
    spec.set_interpreter("none");
    spec.set_cwd("/");
  }
  grpc::ClientContext context;
  v1::ApplyAppsResponse applied;
  ASSERT_TRUE(apps_->ApplyApps(&context, request, &applied).ok());
  EXPECT_EQ(Records().back().rollout(),
            absl::StrCat(applied.results(0).rollout_uid(), ", ",
                         applied.results(1).rollout_uid()));
  EXPECT_EQ(Records().back().subject(), "web, api");

  grpc::ClientContext aborting;
  v1::AbortRolloutRequest abort;
  abort.set_name("web");
  v1::AbortRolloutResponse aborted;
  if (rollouts_->AbortRollout(&aborting, abort, &aborted).ok()) {
    EXPECT_EQ(Records().back().rollout(), applied.results(0).rollout_uid());
  }
  grpc::ClientContext verifying;
  v1::VerifyAuditResponse verdict;
  ASSERT_TRUE(
      audit_->VerifyAudit(&verifying, v1::VerifyAuditRequest(), &verdict).ok());
  EXPECT_TRUE(verdict.intact()) << verdict.reason();
}

TEST_F(CallerAuditTest, ARecordSaysWhichTokenOfAnIssuerIsMeant) {
  grpc::ClientContext context;
  v1::RevokeTokenRequest revoke;
  revoke.set_token("github:*");
  revoke.set_issued_id("j-7");
  v1::RevokeTokenResponse revoked;
  // No issuer is trusted here.
  EXPECT_EQ(v1::AccessService::NewStub(server_.channel())
                ->RevokeToken(&context, revoke, &revoked)
                .error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Records().back().subject(), "github:* (jti j-7)");
}

TEST_F(CallerAuditTest, NoRecordHoldsAJoinToken) {
  grpc::ClientContext context;
  v1::CreateTokenRequest create;
  create.mutable_token()->set_name("host-1");
  create.mutable_token()->set_kind(v1::TOKEN_KIND_JOIN);
  create.mutable_token()->set_host("host-1");
  v1::CreateTokenResponse made;
  auto access = v1::AccessService::NewStub(server_.channel());
  ASSERT_TRUE(access->CreateToken(&context, create, &made).ok());
  // It is valid, and the request that comes with it is not.
  grpc::ClientContext joining;
  v1::EnrollHostRequest join;
  join.set_token(made.secret());
  join.set_certificate_request("no request");
  v1::EnrollHostResponse joined;
  EXPECT_FALSE(v1::EnrollmentService::NewStub(server_.channel())
                   ->EnrollHost(&joining, join, &joined)
                   .ok());
  const std::vector<v1::AuditRecord> records = Records();
  EXPECT_EQ(records.back().method(), "/fleet.v1.EnrollmentService/EnrollHost");
  for (const v1::AuditRecord& record : records) {
    EXPECT_EQ(record.DebugString().find(made.secret()), std::string::npos);
  }
}

TEST_F(CallerAuditTest, NoAnswerHoldsASecret) {
  constexpr char kPlanted[] = "planted-51c0ffee";
  auto secrets = v1::SecretService::NewStub(server_.channel());
  grpc::ClientContext setting;
  v1::SetSecretRequest set;
  set.set_name("web");
  set.set_value(kPlanted);
  v1::SetSecretResponse answered;
  ASSERT_TRUE(secrets->SetSecret(&setting, set, &answered).ok());
  ObedientAgent agent(server_.channel(), "web", "u-1");
  v1::ApplyAppsRequest request;
  v1::AppSpec& spec = *request.add_specs();
  spec.set_name("web");
  spec.set_script("/bin/sleep");
  spec.set_interpreter("none");
  spec.set_cwd("/");
  (*spec.mutable_secrets())["PASSWORD"] = "web";
  grpc::ClientContext applying;
  v1::ApplyAppsResponse applied;
  ASSERT_TRUE(apps_->ApplyApps(&applying, request, &applied).ok());
  // App, host, secret and token are all named so: every method finds one.
  std::string all = answered.SerializeAsString() + applied.SerializeAsString();
  for (const MethodDescriptor* method : UnaryMethods()) {
    const absl::Status status = Call(*method, "web", &all);
    all += std::string(status.message());
  }
  EXPECT_GT(all.size(), 1000u);
  EXPECT_EQ(all.find(kPlanted), std::string::npos);
  for (const v1::AuditRecord& record : Records()) {
    EXPECT_EQ(record.DebugString().find(kPlanted), std::string::npos);
  }
}

}  // namespace
}  // namespace fleet::controller
