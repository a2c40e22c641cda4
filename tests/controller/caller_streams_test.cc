// What is open ends with what opened it, by a clock that goes on by one second
// and no more: every method that is a stream, over gRPC.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "fleet/v1/access_service.grpc.pb.h"
#include "fleet/v1/app_service.grpc.pb.h"
#include "fleet/v1/log_service.grpc.pb.h"
#include "fleet/v1/rollout_service.grpc.pb.h"
#include "proto/rpc/grpc_status.h"
#include "proto/rpc/proto_time.h"
#include "tests/controller/controller_server.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using google::protobuf::MethodDescriptor;
using testing::HasSubstr;

class OpenStream {
 public:
  virtual ~OpenStream() = default;
  virtual absl::Status AwaitEnd() = 0;
};

// Of a caller with a token; it has begun when this is made.
template <typename Response>
class OpenReader : public OpenStream {
 public:
  template <typename Stub, typename Method, typename Request>
  OpenReader(Stub& stub, Method method, const Request& request,
             const std::string& token) {
    context_.AddMetadata("authorization", absl::StrCat("Bearer ", token));
    // Of a stream that is not cut.
    context_.set_deadline(std::chrono::system_clock::now() +
                          std::chrono::seconds(30));
    reader_ = (stub.*method)(&context_, request);
    Response response;
    EXPECT_TRUE(reader_->Read(&response));
  }
  absl::Status AwaitEnd() override {
    Response response;
    while (reader_->Read(&response)) {
    }
    return FromGrpcStatus(reader_->Finish());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
};

class CallerStreamsTest : public ::testing::Test {
 protected:
  CallerStreamsTest()
      : server_(folder_.path(), &clock_),
        logs_(v1::LogService::NewStub(server_.channel())),
        rollouts_(v1::RolloutService::NewStub(server_.channel())),
        obedient_(server_.channel(), "host-1", "host-1"),
        busy_(server_.channel(), "host-2", "host-2", /*busy=*/true) {
    EXPECT_TRUE(obedient_.welcomed() && busy_.welcomed());
    v1::ApplyAppsRequest request;
    // One says something, and the rollout of the other goes on.
    for (const auto& [app, host] :
         {std::pair("web", "host-1"), std::pair("api", "host-2")}) {
      v1::AppSpec& spec = *request.add_specs();
      spec.set_name(app);
      spec.set_script("/bin/sleep");
      spec.set_interpreter("none");
      spec.set_cwd("/");
      spec.set_hosts(host);
    }
    grpc::ClientContext context;
    v1::ApplyAppsResponse applied;
    const grpc::Status status = v1::AppService::NewStub(server_.channel())
                                    ->ApplyApps(&context, request, &applied);
    EXPECT_TRUE(status.ok()) << status.error_message();
    rollout_ = applied.results(1).rollout_uid();
  }

  v1::CreateTokenResponse Token(absl::Duration ttl) {
    grpc::ClientContext context;
    v1::CreateTokenRequest request;
    request.mutable_token()->set_name("eva");
    request.mutable_token()->set_kind(v1::TOKEN_KIND_API);
    request.mutable_token()->set_role(v1::ROLE_VIEWER);
    *request.mutable_ttl() = ToProtoDuration(ttl);
    v1::CreateTokenResponse made;
    EXPECT_TRUE(v1::AccessService::NewStub(server_.channel())
                    ->CreateToken(&context, request, &made)
                    .ok());
    return made;
  }
  void Revoke(const std::string& id) {
    grpc::ClientContext context;
    v1::RevokeTokenRequest request;
    request.set_token(id);
    v1::RevokeTokenResponse revoked;
    EXPECT_TRUE(v1::AccessService::NewStub(server_.channel())
                    ->RevokeToken(&context, request, &revoked)
                    .ok());
  }
  void Pass(absl::Duration time) {
    server_.Do([&] { clock_.Advance(time); });
  }

  std::unique_ptr<OpenStream> Open(const std::string& method,
                                   const std::string& token) {
    if (method == "fleet.v1.LogService.TailLogs") {
      v1::TailLogsRequest request;
      request.add_apps("web");
      request.set_follow(true);
      return std::make_unique<OpenReader<v1::TailLogsResponse>>(
          *logs_, &v1::LogService::Stub::TailLogs, request, token);
    }
    if (method == "fleet.v1.RolloutService.WatchRollout") {
      v1::WatchRolloutRequest request;
      request.set_name(rollout_);
      return std::make_unique<OpenReader<v1::WatchRolloutResponse>>(
          *rollouts_, &v1::RolloutService::Stub::WatchRollout, request, token);
    }
    ADD_FAILURE() << method << ": say here how it is kept open";
    return nullptr;
  }

  // Those that people may call.
  static std::vector<std::string> Streams() {
    std::vector<std::string> streams;
    for (const auto* file : {v1::TailLogsRequest::descriptor()->file(),
                             v1::WatchRolloutRequest::descriptor()->file(),
                             v1::ApplyAppsRequest::descriptor()->file(),
                             v1::RevokeTokenRequest::descriptor()->file()}) {
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) {
          const MethodDescriptor* method = file->service(s)->method(m);
          if (method->server_streaming()) {
            streams.push_back(method->full_name());
          }
        }
      }
    }
    return streams;
  }

  TempFolder folder_;
  FakeClock clock_;
  Server server_;
  std::unique_ptr<v1::LogService::Stub> logs_;
  std::unique_ptr<v1::RolloutService::Stub> rollouts_;
  ObedientAgent obedient_;
  ObedientAgent busy_;
  std::string rollout_;
};

TEST_F(CallerStreamsTest, EachIsCutWithinASecondOfItsTokensEnd) {
  int streams = 0;
  for (const std::string& method : Streams()) {
    SCOPED_TRACE(method);
    const v1::CreateTokenResponse revoked = Token(absl::Hours(1));
    const v1::CreateTokenResponse brief = Token(absl::Seconds(1));
    auto first = Open(method, revoked.secret());
    auto second = Open(method, brief.secret());
    ASSERT_TRUE(first != nullptr && second != nullptr);
    Revoke(revoked.token().id());
    Pass(absl::Seconds(1));
    for (OpenStream* stream : {first.get(), second.get()}) {
      const absl::Status end = stream->AwaitEnd();
      EXPECT_EQ(ReasonOf(end).reason, "TOKEN_INVALID") << end;
      // Not at its beginning.
      EXPECT_THAT(std::string(end.message()), HasSubstr("no longer valid"));
    }
    ++streams;
  }
  EXPECT_EQ(streams, 2);
}

}  // namespace
}  // namespace fleet::controller
