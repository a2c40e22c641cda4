// Every method that the server has, streams too, called as every role: what a
// method needs is what its proto says, and nothing is served that says nothing.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/impl/server_initializer.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "controller/access/method_permission.h"
#include "fleet/v1/access_service.grpc.pb.h"
#include "proto/rpc/grpc_status.h"
#include "tests/controller/controller_server.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;

// Hears from gRPC which services the newest server serves.
class ServedServices : public grpc::ServerBuilderPlugin {
 public:
  static std::set<std::string>& Names() {
    static std::set<std::string> names;
    return names;
  }
  static std::unique_ptr<grpc::ServerBuilderPlugin> Make() {
    return std::make_unique<ServedServices>();
  }
  std::string name() override { return "served services"; }
  void InitServer(grpc::ServerInitializer*) override {}
  void Finish(grpc::ServerInitializer* server) override {
    Names() = {server->GetServiceList()->begin(),
               server->GetServiceList()->end()};
  }
  void ChangeArguments(const std::string&, void*) override {}
};

std::string MethodPath(const MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

class CallerRolesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    grpc::ServerBuilder::InternalAddPluginFactory(ServedServices::Make);
  }
  CallerRolesTest() : server_(folder_.path()) {}

  static std::vector<const MethodDescriptor*> Served() {
    std::vector<const MethodDescriptor*> methods;
    for (const std::string& name : ServedServices::Names()) {
      const auto* service =
          DescriptorPool::generated_pool()->FindServiceByName(name);
      EXPECT_NE(service, nullptr) << name;
      for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
        methods.push_back(service->method(i));
      }
    }
    return methods;
  }

  std::string TokenFor(v1::Role role) {
    grpc::ClientContext context;
    v1::CreateTokenRequest request;
    request.mutable_token()->set_name(absl::StrCat("role-", int{role}));
    request.mutable_token()->set_kind(v1::TOKEN_KIND_API);
    request.mutable_token()->set_role(role);
    v1::CreateTokenResponse response;
    EXPECT_TRUE(v1::AccessService::NewStub(server_.channel())
                    ->CreateToken(&context, request, &response)
                    .ok());
    return response.secret();
  }

  // How a call ends that asks for nothing and says no more than that.
  absl::Status Call(const MethodDescriptor& method, const std::string& token) {
    grpc::GenericStub stub(server_.channel());
    grpc::ClientContext context;
    context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
    grpc::CompletionQueue queue;
    const auto next = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    auto call = stub.PrepareCall(&context, MethodPath(method), &queue);
    call->StartCall(nullptr);
    next();
    grpc::Slice nothing;
    call->WriteLast(grpc::ByteBuffer(&nothing, 1), {}, nullptr);
    next();
    grpc::ByteBuffer answer;
    do {
      call->Read(&answer, nullptr);
    } while (next());
    grpc::Status status;
    call->Finish(&status, nullptr);
    next();
    return FromGrpcStatus(status);
  }

  TempFolder folder_;
  Server server_;
};

TEST_F(CallerRolesTest, EveryServedMethodDeclaresItsPermission) {
  std::set<std::string> streams;
  for (const MethodDescriptor* method : Served()) {
    const v1::MethodPermission* permission = PermissionOf(MethodPath(*method));
    ASSERT_NE(permission, nullptr)
        << method->full_name() << ": add `option (permission) = {role: …}` to "
        << "it in its proto";
    EXPECT_NE(permission->role(), v1::ROLE_UNSPECIFIED) << method->full_name();
    if (method->server_streaming()) streams.insert(method->name());
  }
  EXPECT_THAT(streams,
              testing::IsSupersetOf({"Session", "TailLogs", "WatchRollout"}));
}

TEST_F(CallerRolesTest, EveryMethodAsEveryRole) {
  std::map<v1::Role, std::string> tokens;
  for (const v1::Role role : {v1::ROLE_VIEWER, v1::ROLE_OPERATOR,
                              v1::ROLE_DEPLOYER, v1::ROLE_ADMIN}) {
    tokens[role] = TokenFor(role);
  }
  int denied = 0;
  int admitted = 0;
  for (const MethodDescriptor* method : Served()) {
    const v1::Role needed = PermissionOf(MethodPath(*method))->role();
    if (needed == v1::ROLE_PUBLIC) continue;
    for (const auto& [role, token] : tokens) {
      const absl::Status status = Call(*method, token);
      // No role of people is an agent's.
      const bool allowed = needed != v1::ROLE_AGENT && role >= needed;
      EXPECT_EQ(ReasonOf(status).reason == "ROLE_TOO_LOW", !allowed)
          << v1::Role_Name(role) << " " << method->full_name() << " " << status;
      EXPECT_EQ(absl::IsPermissionDenied(status), !allowed)
          << v1::Role_Name(role) << " " << method->full_name() << " " << status;
      EXPECT_FALSE(absl::IsUnauthenticated(status)) << status;
      ++(allowed ? admitted : denied);
    }
  }
  EXPECT_GT(denied, 50);
  EXPECT_GT(admitted, 50);
}

TEST_F(CallerRolesTest, NoMethodIsForATokenThatIsNone) {
  for (const MethodDescriptor* method : Served()) {
    if (PermissionOf(MethodPath(*method))->role() == v1::ROLE_PUBLIC) continue;
    const absl::Status status = Call(*method, "fleet_api_0123");
    // After ten of them no more is looked at.
    EXPECT_TRUE(absl::IsUnauthenticated(status) ||
                ReasonOf(status).reason == "TOO_MANY_ATTEMPTS")
        << method->full_name() << " " << status;
  }
}

}  // namespace
}  // namespace fleet::controller
