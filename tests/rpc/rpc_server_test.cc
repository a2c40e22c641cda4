#include "proto/rpc/rpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "fleet/v1/host_service.grpc.pb.h"
#include "proto/rpc/grpc_status.h"
#include "proto/rpc/identity.h"
#include "proto/rpc/status.h"
#include "tests/rpc/temp_folder.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;

// Answers GetController with the caller's identity, and never answers
// ListHosts.
class EchoService : public v1::HostService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetController(
      grpc::CallbackServerContext* context,
      const v1::GetControllerRequest* /*request*/,
      v1::GetControllerResponse* response) override {
    response->set_version(IdentityOf(*context).name);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerUnaryReactor* ListHosts(
      grpc::CallbackServerContext* /*context*/,
      const v1::ListHostsRequest* /*request*/,
      v1::ListHostsResponse* /*response*/) override {
    class Waits : public grpc::ServerUnaryReactor {
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }
    };
    return new Waits;
  }
};

class RpcServerTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<RpcServer>> Start(const std::string& address) {
    return RpcServer::Start(loop_, *ParseAddress(address), {true}, {&service_});
  }

  std::unique_ptr<v1::HostService::Stub> Stub(const Address& address) {
    return v1::HostService::NewStub(grpc::CreateCustomChannel(
        address.ToDialTarget(), *ChannelCredentialsFor(address, {true}),
        ClientChannelArguments()));
  }

  // Calls from another thread while the loop runs here.
  absl::StatusOr<std::string> CallerName(const Address& address) {
    absl::StatusOr<std::string> name;
    std::thread client([&] {
      grpc::ClientContext context;
      v1::GetControllerResponse response;
      absl::Status status =
          FromGrpcStatus(Stub(address)->GetController(&context, {}, &response));
      if (status.ok()) {
        name = response.version();
      } else {
        name = status;
      }
      loop_.Post([this] { done_ = true; });
    });
    while (!done_) loop_.RunOnce(absl::InfiniteDuration());
    client.join();
    return name;
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  EchoService service_;
  bool done_ = false;
};

TEST_F(RpcServerTest, KnowsTheUserBehindAUnixSocket) {
  TempFolder folder;
  auto server = Start("unix://" + folder.File("s.sock"));
  ASSERT_TRUE(server.ok()) << server.status();
  auto name = CallerName((*server)->address());
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_THAT(*name, testing::Not(HasSubstr("anonymous")));
}

TEST_F(RpcServerTest, ServesLoopbackTcpAtAPortOfTheKernelsChoice) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    auto server = Start(address);
    if (!server.ok() && address[0] == '[') continue;  // No IPv6 here.
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_NE((*server)->address().port, 0);
    done_ = false;
    auto name = CallerName((*server)->address());
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_THAT(*name, HasSubstr("anonymous@"));
  }
}

TEST_F(RpcServerTest, SecondServerAtTheSameAddressIsRefused) {
  TempFolder folder;
  std::string path = "unix://" + folder.File("s.sock");
  auto first = Start(path);
  EXPECT_EQ(Start(path).status().code(), absl::StatusCode::kAlreadyExists);
  auto tcp = Start("127.0.0.1:0");
  ASSERT_TRUE(tcp.ok()) << tcp.status();
  auto second = Start((*tcp)->address().ToString());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("taken"));
}

TEST_F(RpcServerTest, ShutdownCancelsWhatIsStillOpen) {
  auto server = Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status();
  grpc::ClientContext context;
  v1::ListHostsRequest request;
  v1::ListHostsResponse response;
  grpc::Status result;
  auto stub = Stub((*server)->address());
  stub->async()->ListHosts(&context, &request, &response,
                           [&](grpc::Status status) {
                             result = std::move(status);
                             loop_.Post([this] { loop_.Stop(); });
                           });
  ASSERT_TRUE(CallerName((*server)->address()).ok());
  bool shut_down = false;
  (*server)->Shutdown(absl::ZeroDuration(), [&] { shut_down = true; });
  while (!shut_down) loop_.RunOnce(absl::InfiniteDuration());
  loop_.Run();
  EXPECT_FALSE(result.ok());
}

}  // namespace
}  // namespace fleet
