#include "controller/agent_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proto/rpc/grpc_status.h"
#include "proto/rpc/outbox.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxWaiting = 256;
constexpr char kHeartbeatKey[] = "heartbeat";
constexpr char kSession[] = "/fleet.v1.AgentService/Session";

// gRPC's threads only post; everything else happens on the loop. Nothing is
// started after Finish, and OnDone comes after Finish, so that what is posted
// never meets a dead stream. Owns itself, from Session to OnDone.
class GrpcAgentStream final
    : public grpc::ServerBidiReactor<v1::SessionRequest, v1::SessionResponse>,
      public AgentStream {
 public:
  GrpcAgentStream(AgentSessions& sessions, grpc::CallbackServerContext& context,
                  CallGate& gate)
      : loop_(gate.loop()), sessions_(sessions), context_(context) {
    loop_.Post([this, admit = gate.Admit(context, kSession, request_)] {
      Start(admit());
    });
  }

  bool Send(v1::SessionResponse message) override {
    if (closing_) return true;
    const bool queued =
        message.has_heartbeat()
            ? outbox_.PushLatest(kHeartbeatKey, std::move(message))
            : outbox_.Push(std::move(message));
    WriteNext();
    return queued;
  }

  void Close(const absl::Status& status) override {
    if (closing_) return;
    closing_ = status;
    WriteNext();
  }

  void Evict(const absl::Status& status) override {
    if (finished_) return;
    closing_ = status;
    context_.TryCancel();  // Before Finish: the context ends with the call.
    FinishNow();
  }

  const Identity& identity() const override { return caller_; }

  void OnReadDone(bool ok) override {
    loop_.Post([this, ok] { OnRead(ok); });
  }
  void OnWriteDone(bool ok) override {
    loop_.Post([this, ok] { OnWritten(ok); });
  }
  void OnDone() override {
    loop_.Post([this] {
      sessions_.Forget(session_);
      delete this;
    });
  }

 private:
  void Start(absl::StatusOr<Identity> caller) {
    if (!caller.ok()) {
      closing_ = caller.status();
      return FinishNow();
    }
    caller_ = *std::move(caller);
    session_ = sessions_.Open(*this);
    if (!finished_) StartRead(&request_);
  }

  void OnRead(bool ok) {
    if (finished_) return;
    if (!ok) {
      // The agent has closed its side, or the connection is gone.
      if (session_ != nullptr) session_->OnStreamEnded();
      if (!closing_) closing_ = absl::OkStatus();
      return FinishNow();
    }
    if (session_ != nullptr) session_->OnMessage(request_);
    if (!finished_) StartRead(&request_);
  }

  void OnWritten(bool ok) {
    outbox_.EndWrite();
    if (finished_) return;
    if (ok) return WriteNext();
    if (session_ != nullptr) session_->OnStreamEnded();
    if (!closing_) closing_ = absl::OkStatus();
    FinishNow();
  }

  void WriteNext() {
    if (finished_ || outbox_.is_writing()) return;
    if (const v1::SessionResponse* message = outbox_.BeginWrite()) {
      StartWrite(message);
    } else if (closing_) {
      FinishNow();
    }
  }

  void FinishNow() {
    if (finished_) return;
    finished_ = true;
    Finish(ToGrpcStatus(*closing_));
  }

  EventLoop& loop_;
  AgentSessions& sessions_;
  grpc::CallbackServerContext& context_;
  Identity caller_;
  AgentSession* session_ = nullptr;
  v1::SessionRequest request_;
  Outbox<v1::SessionResponse> outbox_{kMaxWaiting};
  // Set once: how the stream ends when all is written.
  std::optional<absl::Status> closing_;
  bool finished_ = false;
};

}  // namespace

grpc::ServerBidiReactor<v1::SessionRequest, v1::SessionResponse>*
AgentService::Session(grpc::CallbackServerContext* context) {
  return new GrpcAgentStream(sessions_, *context, gate_);
}

}  // namespace fleet::controller
