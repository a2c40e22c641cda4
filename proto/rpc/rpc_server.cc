#include "proto/rpc/rpc_server.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include <utility>

#include "proto/rpc/status.h"

namespace fleet {

using Door = grpc::ServerBuilder::experimental_type::ExternalConnectionType;

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
  unix_listener_.reset();
  tcp_listener_.reset();
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
    auto accepted = [this](int fd) {
      grpc::AddInsecureChannelFromFd(server_.get(), fd);
    };
    ASSIGN_OR_RETURN(unix_listener_,
                     UnixListener::Open(loop_, address_.path, accepted));
  } else {
    door_ = builder.experimental().AddExternalConnectionAcceptor(
        Door::FROM_FD, std::move(credentials));
    auto accepted = [this](int fd) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
          connection;
      connection.fd = fd;
      door_->HandleNewConnection(&connection);
    };
    ASSIGN_OR_RETURN(
        tcp_listener_,
        TcpListener::Open(loop_, address_, MostConnections(), accepted));
    address_.port = tcp_listener_->port();
  }
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("gRPC did not start");
  return absl::OkStatus();
}

void RpcServer::Shutdown(absl::Duration grace, std::function<void()> done) {
  FLEET_CHECK(!closer_.joinable());
  unix_listener_.reset();
  tcp_listener_.reset();
  closer_ = std::thread([this, grace, done = std::move(done)] {
    server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
    loop_.Post(done);
  });
}

}  // namespace fleet
