#include "node_agent/controller_link.h"

#include <grpcpp/create_channel.h>

#include <utility>

#include "node_agent/grpc_session_stream.h"
#include "proto/rpc/address.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// A channel of its own for each attempt: a shared one would wait by gRPC's own
// rules between attempts.
absl::StatusOr<std::shared_ptr<grpc::Channel>> Dial(
    const Address& address, const CredentialOptions& credentials) {
  ASSIGN_OR_RETURN(auto channel_credentials,
                   ChannelCredentialsFor(address, credentials));
  grpc::ChannelArguments arguments = ClientChannelArguments();
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(address.ToDialTarget(), channel_credentials,
                                   arguments);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControllerLink>> ControllerLink::Create(
    EventLoop& loop, const AgentOptions& options, HostIdentity* identity,
    HostReporter& reporter) {
  ASSIGN_OR_RETURN(Address address, ParseAddress(options.controller));
  auto link = std::make_unique<ControllerLink>(loop);
  CredentialOptions credentials;
  credentials.insecure = options.insecure;
  if (identity != nullptr) {
    credentials.tls = identity->files();
    link->renewal_ =
        std::make_unique<CertificateRenewal>(loop, *identity, address);
  }
  ControllerSession::Options session;
  session.connect = [&loop, address,
                     credentials](SessionStream::Listener& listener)
      -> absl::StatusOr<std::shared_ptr<SessionStream>> {
    ASSIGN_OR_RETURN(auto channel, Dial(address, credentials));
    return std::make_shared<GrpcSessionStream>(loop, listener,
                                               std::move(channel));
  };
  session.controller = address.ToString();
  // After what the Welcome itself brings about, and after what follows it.
  session.on_welcome = [&loop, release = &link->release_] {
    loop.Post(ReleaseStartPages);
    release->OnChange();
  };
  link->session_ =
      std::make_unique<ControllerSession>(loop, reporter, std::move(session));
  return link;
}

void ControllerLink::Serve(AgentState& state, LogTailService& tails,
                           CommandService& commands) {
  ControllerSession* session = session_.get();
  auto send_result = [session](v1::CommandResult r) {
    session->SendResult(std::move(r));
  };
  state.SetOnChange([session, release = &release_] {
    session->OnChange();
    release->OnChange();
  });
  tails.SetSender({[session](v1::LogChunk& c) {
                     return session->SendLogChunk(std::move(c));
                   },
                   send_result});
  commands.SetSender(send_result);
}

}  // namespace fleet::agent
