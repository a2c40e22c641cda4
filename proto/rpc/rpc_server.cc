#include "proto/rpc/rpc_server.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet {

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    EventLoop& loop, const Address& address, const CredentialOptions& options,
    const std::vector<grpc::Service*>& services) {
  std::unique_ptr<RpcServer> server(new RpcServer(loop, address));
  RETURN_IF_ERROR(server->Build(options, services));
  return server;
}

RpcServer::RpcServer(EventLoop& loop, Address address)
    : loop_(loop), address_(std::move(address)) {}

RpcServer::~RpcServer() {
  listener_.reset();
  if (closer_.joinable()) {
    closer_.join();
  } else if (server_ != nullptr) {
    server_->Shutdown(absl::ToChronoTime(absl::UnixEpoch()));
  }
}

absl::Status RpcServer::Build(const CredentialOptions& options,
                              const std::vector<grpc::Service*>& services) {
  ASSIGN_OR_RETURN(auto credentials, ServerCredentialsFor(address_, options));
  grpc::ServerBuilder builder;
  ApplyServerOptions(builder);
  for (grpc::Service* service : services) builder.RegisterService(service);
  if (address_.kind == Address::Kind::kUnix) {
    // gRPC's own listener would take the path from a live server, and tells
    // nobody who its peer is.
    auto accepted = [this](int fd) {
      grpc::AddInsecureChannelFromFd(server_.get(), fd);
    };
    ASSIGN_OR_RETURN(listener_,
                     UnixListener::Open(loop_, address_.path, accepted));
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return absl::InternalError("gRPC did not start");
    return absl::OkStatus();
  }
  int port = 0;
  builder.AddListeningPort(address_.ToListenTarget(), credentials, &port);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen at ", address_.ToString(),
        ": the address is taken or is not one of this machine's; `ss -ltnp` "
        "shows who has it"));
  }
  address_.port = port;
  return absl::OkStatus();
}

void RpcServer::Shutdown(absl::Duration grace, std::function<void()> done) {
  FLEET_CHECK(!closer_.joinable());
  listener_.reset();
  closer_ = std::thread([this, grace, done = std::move(done)] {
    server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
    loop_.Post(done);
  });
}

}  // namespace fleet
