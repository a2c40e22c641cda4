#include "node_agent/session_stream.h"

#include <utility>

#include "node_agent/controller_session.h"
#include "proto/rpc/grpc_status.h"

namespace fleet::agent {

SessionStream::SessionStream(EventLoop& loop, ControllerSession& session,
                             std::shared_ptr<grpc::Channel> channel)
    : loop_(loop),
      session_(session),
      channel_(std::move(channel)),
      stub_(v1::AgentService::NewStub(channel_)) {}

void SessionStream::Start() {
  self_ = shared_from_this();
  stub_->async()->Session(&context_, this);
  // Reads and writes start on the loop, outside reactions.
  AddHold();
  StartRead(&incoming_);
  StartCall();
}

void SessionStream::Write(const v1::SessionRequest* message) {
  if (!reading_ended_) StartWrite(message);
}

void SessionStream::Cancel() { context_.TryCancel(); }

void SessionStream::ReadNext() { StartRead(&incoming_); }

void SessionStream::OnReadDone(bool ok) {
  loop_.Post([this, self = self_, ok] {
    if (!ok) {
      reading_ended_ = true;
      RemoveHold();
      return;
    }
    session_.OnMessage(this, incoming_);
    ReadNext();
  });
}

void SessionStream::OnWriteDone(bool ok) {
  // After a failed write the reading ends too, and then the call.
  if (!ok) return;
  loop_.Post([this, self = self_] { session_.OnWritten(this); });
}

void SessionStream::OnDone(const grpc::Status& status) {
  loop_.Post([this, self = std::move(self_), result = FromGrpcStatus(status)] {
    session_.OnEnd(this, result);
  });
}

}  // namespace fleet::agent
