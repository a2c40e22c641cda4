#include "controller/log_service.h"

#include <memory>
#include <optional>
#include <utility>

#include "proto/rpc/grpc_status.h"

namespace fleet::controller {
namespace {

// gRPC's threads only post; nothing is started after Finish, and OnDone comes
// after Finish. Owns itself, from TailLogs to OnDone.
class LogStream final : public grpc::ServerWriteReactor<v1::TailLogsResponse>,
                        public LogReader {
 public:
  LogStream(EventLoop& loop, LogTails& tails, v1::TailLogsRequest request,
            std::unique_ptr<StreamPass> pass)
      : loop_(loop),
        tails_(tails),
        request_(std::move(request)),
        pass_(std::move(pass)) {
    loop_.Post([this] {
      pass_->Ask(
          [this](const absl::StatusOr<Identity>& caller) {
            Start(caller.status());
          },
          [this](const absl::Status& why) { End(why); });
    });
  }

  // Posted, since the tail must not be closed while it is at work.
  void OnLogsReady() override {
    if (std::exchange(posted_, true)) return;
    loop_.Post([this] {
      posted_ = false;
      WriteNext();
    });
  }

  void OnWriteDone(bool ok) override {
    loop_.Post([this, ok] {
      writing_ = false;
      if (ok) {
        WriteNext();
      } else {
        End(absl::OkStatus());
      }
    });
  }
  void OnCancel() override {
    loop_.Post([this] { End(absl::CancelledError("the client is gone")); });
  }
  void OnDone() override {
    loop_.Post([this] { delete this; });
  }

 private:
  void Start(const absl::Status& admitted) {
    if (finished_) return;
    if (!admitted.ok()) return End(admitted);
    absl::StatusOr<int64_t> id = tails_.Open(request_, *this, pass_->view());
    if (!id.ok()) return End(id.status());
    id_ = *id;
    WriteNext();
  }

  void WriteNext() {
    if (finished_ || writing_ || !id_) return;
    if (std::optional<v1::TailLogsResponse> next = tails_.Next(*id_)) {
      message_ = *std::move(next);
      writing_ = true;
      StartWrite(&message_);
    } else if (tails_.Done(*id_)) {
      End(absl::OkStatus());
    }
  }

  void End(const absl::Status& status) {
    if (finished_) return;
    finished_ = true;
    if (id_) tails_.Close(*id_);
    const absl::Status shown = pass_->view().Redact(status);
    pass_.reset();
    Finish(ToGrpcStatus(shown));
  }

  EventLoop& loop_;
  LogTails& tails_;
  const v1::TailLogsRequest request_;
  std::unique_ptr<StreamPass> pass_;  // Until the end.
  std::optional<int64_t> id_;
  v1::TailLogsResponse message_;
  bool posted_ = false;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace

grpc::ServerWriteReactor<v1::TailLogsResponse>* LogService::TailLogs(
    grpc::CallbackServerContext* context, const v1::TailLogsRequest* request) {
  return new LogStream(
      gate_.loop(), tails_, *request,
      gate_.Pass(*context, "/fleet.v1.LogService/TailLogs", *request));
}

}  // namespace fleet::controller
