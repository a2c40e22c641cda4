// A session's stream over gRPC.
#ifndef FLEET_NODE_AGENT_GRPC_SESSION_STREAM_H_
#define FLEET_NODE_AGENT_GRPC_SESSION_STREAM_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <memory>

#include "fleet/v1/agent_service.grpc.pb.h"
#include "node_agent/session_stream.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Reactions (On…) run on gRPC's threads and only post to the loop; all else is
// for the loop thread. A message is read only after the one before has been
// dealt with. Shared: it holds itself until gRPC is done with it, which may be
// after its session has turned to another stream.
class GrpcSessionStream
    : public SessionStream,
      public grpc::ClientBidiReactor<v1::SessionRequest, v1::SessionResponse>,
      public std::enable_shared_from_this<GrpcSessionStream> {
 public:
  // `listener` must be told OnEnd, on the loop, before it goes.
  GrpcSessionStream(EventLoop& loop, Listener& listener,
                    std::shared_ptr<grpc::Channel> channel);

  void Start() override;
  void Write(const v1::SessionRequest* message) override;
  void Cancel() override;

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void ReadNext();

  EventLoop& loop_;
  Listener& listener_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AgentService::Stub> stub_;
  grpc::ClientContext context_;
  v1::SessionResponse incoming_;
  bool reading_ended_ = false;  // No more writes; the hold is gone.
  std::shared_ptr<GrpcSessionStream> self_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_GRPC_SESSION_STREAM_H_
