#include "node_agent/grpc_session_stream.h"

#include <utility>

#include "proto/rpc/grpc_status.h"

namespace fleet::agent {

GrpcSessionStream::GrpcSessionStream(EventLoop& loop, Listener& listener,
                                     std::shared_ptr<grpc::Channel> channel)
    : loop_(loop),
      listener_(listener),
      channel_(std::move(channel)),
      stub_(v1::AgentService::NewStub(channel_)) {}

void GrpcSessionStream::Start() {
  self_ = shared_from_this();
  stub_->async()->Session(&context_, this);
  // Reads and writes start on the loop, outside reactions.
  AddHold();
  StartRead(&incoming_);
  StartCall();
}

void GrpcSessionStream::Write(const v1::SessionRequest* message) {
  if (!reading_ended_) StartWrite(message);
}

void GrpcSessionStream::Cancel() { context_.TryCancel(); }

void GrpcSessionStream::ReadNext() { StartRead(&incoming_); }

void GrpcSessionStream::OnReadDone(bool ok) {
  loop_.Post([this, self = self_, ok] {
    if (!ok) {
      reading_ended_ = true;
      RemoveHold();
      return;
    }
    listener_.OnMessage(this, incoming_);
    ReadNext();
  });
}

void GrpcSessionStream::OnWriteDone(bool ok) {
  // After a failed write the reading ends too, and then the call.
  if (!ok) return;
  loop_.Post([this, self = self_] { listener_.OnWritten(this); });
}

void GrpcSessionStream::OnDone(const grpc::Status& status) {
  loop_.Post([this, self = std::move(self_), result = FromGrpcStatus(status)] {
    listener_.OnEnd(this, result);
  });
}

}  // namespace fleet::agent
