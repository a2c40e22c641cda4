// What a crowd of callers gets, by a clock that stands still: so many at once,
// and so many a second.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "absl/strings/str_cat.h"
#include "fleet/v1/access_service.grpc.pb.h"
#include "fleet/v1/app_service.grpc.pb.h"
#include "fleet/v1/audit_service.grpc.pb.h"
#include "fleet/v1/enrollment_service.grpc.pb.h"
#include "proto/rpc/grpc_status.h"
#include "tests/controller/controller_server.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

class CallerLimitsTest : public ::testing::Test {
 protected:
  CallerLimitsTest()
      : server_(folder_.path(), &clock_),
        access_(v1::AccessService::NewStub(server_.channel())),
        enrollment_(v1::EnrollmentService::NewStub(server_.channel())) {}

  void Pass(absl::Duration time) {
    server_.Do([&] { clock_.Advance(time); });
  }
  absl::Status CreateToken() {
    grpc::ClientContext context;
    v1::CreateTokenRequest request;
    request.mutable_token()->set_name("ci");
    request.mutable_token()->set_kind(v1::TOKEN_KIND_API);
    request.mutable_token()->set_role(v1::ROLE_VIEWER);
    v1::CreateTokenResponse response;
    return FromGrpcStatus(access_->CreateToken(&context, request, &response));
  }
  absl::Status Renew() {
    grpc::ClientContext context;
    v1::RenewCertificateResponse response;
    return FromGrpcStatus(enrollment_->RenewCertificate(
        &context, v1::RenewCertificateRequest(), &response));
  }
  absl::Status Enroll() {
    grpc::ClientContext context;
    v1::EnrollHostResponse response;
    return FromGrpcStatus(
        enrollment_->EnrollHost(&context, v1::EnrollHostRequest(), &response));
  }

  TempFolder folder_;
  FakeClock clock_;
  Server server_;
  std::unique_ptr<v1::AccessService::Stub> access_;
  std::unique_ptr<v1::EnrollmentService::Stub> enrollment_;
};

TEST_F(CallerLimitsTest, TokensAreMadeAHundredAtOnceAndTenASecond) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(CreateToken().ok()) << i;
  const absl::Status refused = CreateToken();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("more than 10 tokens a second"));
  Pass(absl::Seconds(1));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(CreateToken().ok()) << i;
  EXPECT_FALSE(CreateToken().ok());
}

TEST_F(CallerLimitsTest, AThousandCallsWaitForAControllerThatIsBusy) {
  constexpr int kCalls = 1003;
  std::promise<void> idle;
  server_.Post([&idle] { idle.get_future().wait(); });
  struct Waiting {
    grpc::ClientContext context;
    v1::GetCallerRequest request;
    v1::GetCallerResponse response;
    std::promise<grpc::Status> status;
  };
  std::vector<Waiting> calls(kCalls);
  std::atomic<int> refused{0};
  std::promise<void> three_refused;
  for (Waiting& call : calls) {
    access_->async()->GetCaller(
        &call.context, &call.request, &call.response,
        [&](const grpc::Status& status) {
          if (!status.ok() && ++refused == kCalls - 1000) {
            three_refused.set_value();
          }
          call.status.set_value(status);
        });
  }
  // At once, not when the others have had their turn.
  three_refused.get_future().wait();
  idle.set_value();
  int answered = 0;
  for (Waiting& call : calls) {
    const absl::Status status = FromGrpcStatus(call.status.get_future().get());
    if (status.ok()) {
      ++answered;
    } else {
      EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    }
  }
  EXPECT_EQ(answered, 1000);
}

// A page ends before it is more than a message may be.
TEST_F(CallerLimitsTest, AListOfLongSpecsComesInPages) {
  const ObedientAgent agent(server_.channel(), "host-1", "u-1");
  ASSERT_TRUE(agent.welcomed());
  auto apps = v1::AppService::NewStub(server_.channel());
  for (int batch = 0; batch < 4; ++batch) {
    v1::ApplyAppsRequest request;
    for (int i = 0; i < 20; ++i) {
      v1::AppSpec& spec = *request.add_specs();
      spec.set_name(absl::StrCat("app-", batch, "-", i));
      spec.set_script("/bin/sleep");
      spec.set_interpreter("none");
      spec.set_cwd("/");
      (*spec.mutable_env())["LONG"] = std::string(60'000, 'x');
    }
    grpc::ClientContext context;
    v1::ApplyAppsResponse response;
    const grpc::Status applied = apps->ApplyApps(&context, request, &response);
    ASSERT_TRUE(applied.ok()) << applied.error_message();
  }
  v1::ListAppsRequest request;
  int pages = 0;
  int found = 0;
  do {
    grpc::ClientContext context;
    v1::ListAppsResponse response;
    ASSERT_TRUE(apps->ListApps(&context, request, &response).ok());
    EXPECT_LT(response.ByteSizeLong(), size_t{4 << 20});
    found += response.apps_size();
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(found, 80);
  EXPECT_EQ(pages, 2);
}

// Joining and renewing together: what counts is what a signature costs.
TEST_F(CallerLimitsTest, CertificatesAreSigned400AtOnceAnd200ASecond) {
  const auto looked_at = [](const absl::Status& status) {
    return !absl::IsUnavailable(status);
  };
  EXPECT_TRUE(looked_at(Enroll()));
  for (int i = 1; i < 400; ++i) ASSERT_TRUE(looked_at(Renew())) << i;
  for (const absl::Status& refused : {Renew(), Enroll()}) {
    EXPECT_FALSE(looked_at(refused));
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr("more than 200 hosts a second"));
  }
  Pass(absl::Seconds(1));
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(looked_at(Renew())) << i;
  EXPECT_FALSE(looked_at(Renew()));
}

// What fails costs nobody the record of what was done: the log is bounded.
TEST_F(CallerLimitsTest, CallsThatFailAreRecordedSixtyAMinuteOfEachCaller) {
  auto audit = v1::AuditService::NewStub(server_.channel());
  const auto records = [&] {
    grpc::ClientContext context;
    v1::ListAuditRecordsRequest request;
    request.set_page_size(1000);
    v1::ListAuditRecordsResponse response;
    EXPECT_TRUE(audit->ListAuditRecords(&context, request, &response).ok());
    return std::vector<v1::AuditRecord>(response.records().begin(),
                                        response.records().end());
  };
  // Of strangers 10, whoever they are.
  for (int i = 0; i < 15; ++i) {
    EXPECT_TRUE(absl::IsInvalidArgument(Renew())) << i;
  }
  EXPECT_EQ(records().size(), 10u);
  grpc::ClientContext creating;
  v1::CreateTokenRequest create;
  create.mutable_token()->set_name("ci");
  create.mutable_token()->set_kind(v1::TOKEN_KIND_API);
  create.mutable_token()->set_role(v1::ROLE_VIEWER);
  v1::CreateTokenResponse made;
  ASSERT_TRUE(access_->CreateToken(&creating, create, &made).ok());
  ASSERT_EQ(records().size(), 11u);
  EXPECT_EQ(records().back().outcome(),
            "OK (5 failed calls before this one are not recorded)");
  const auto refused = [&] {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + made.secret());
    v1::ListTokensResponse response;
    return FromGrpcStatus(
        access_->ListTokens(&context, v1::ListTokensRequest(), &response));
  };
  for (int i = 0; i < 70; ++i) {
    EXPECT_TRUE(absl::IsPermissionDenied(refused())) << i;
  }
  EXPECT_EQ(records().size(), 71u);
  Pass(absl::Minutes(1));
  EXPECT_TRUE(absl::IsPermissionDenied(refused()));
  EXPECT_EQ(records().size(), 72u);
  EXPECT_EQ(records().back().actor(), "ci");
  EXPECT_THAT(records().back().outcome(), HasSubstr("(10 failed calls before"));
}

}  // namespace
}  // namespace fleet::controller
