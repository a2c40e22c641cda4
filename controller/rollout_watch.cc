#include "controller/rollout_watch.h"

#include <utility>

#include "controller/rollout_proto.h"
#include "proto/rpc/grpc_status.h"

namespace fleet::controller {
namespace {

constexpr int kEventsPerMessage = 500;

}  // namespace

RolloutWatch::RolloutWatch(EventLoop& loop, RolloutDriver& driver,
                           const v1::WatchRolloutRequest& request,
                           std::unique_ptr<StreamPass> pass)
    : loop_(loop),
      driver_(driver),
      pass_(std::move(pass)),
      seen_(request.from_seq()) {
  loop_.Post([this, name = request.name()] {
    pass_->Ask(
        [this, name](const absl::StatusOr<Identity>& caller) {
          if (caller.ok()) {
            Begin(name);
          } else {
            End(caller.status());
          }
        },
        [this](const absl::Status& why) { End(why); });
  });
}

void RolloutWatch::Begin(const std::string& name) {
  if (ended_) return;
  absl::StatusOr<Rollout> rollout = driver_.Get(name);
  if (!rollout.ok()) return End(rollout.status());
  const absl::Status seen = pass_->view().CheckApp(rollout->app);
  if (!seen.ok()) return End(seen);
  absl::Status added = driver_.AddWatcher(rollout->uid, *this);
  if (!added.ok()) return End(added);
  uid_ = rollout->uid;
  SendChanges();
}

void RolloutWatch::SendChanges() {
  if (writing_ || ended_) return;
  if (!changed_) return;
  absl::StatusOr<RolloutChanges> changes =
      driver_.ChangesSince(uid_, seen_, kEventsPerMessage);
  if (!changes.ok()) return End(changes.status());
  message_.Clear();
  *message_.mutable_rollout() = ToProto(changes->rollout, loop_.clock().Now());
  message_.set_reset(changes->reset);
  const CallerView view = pass_->view();
  view.Limit(*message_.mutable_rollout());
  for (const RolloutEvent& event : changes->events) {
    v1::RolloutEvent shown = ToProto(event);
    if (view.Limit(shown)) *message_.add_events() = std::move(shown);
    seen_ = event.seq;
  }
  changed_ = seen_ < changes->rollout.state.last_seq;
  writing_ = true;
  StartWrite(&message_);
}

void RolloutWatch::OnRolloutChanged() {
  changed_ = true;
  SendChanges();
}

void RolloutWatch::OnWriteDone(bool ok) {
  loop_.Post([this, ok] {
    writing_ = false;
    // Not ok: OnCancel ends it.
    if (!ok || ended_) return;
    bool over = message_.rollout().end_time().seconds() != 0 && !changed_;
    if (over) {
      End(absl::OkStatus());
    } else {
      SendChanges();
    }
  });
}

void RolloutWatch::OnCancel() {
  loop_.Post([this] { End(absl::CancelledError("the client went away")); });
}

void RolloutWatch::End(const absl::Status& status) {
  if (ended_) return;
  ended_ = true;
  if (!uid_.empty()) driver_.RemoveWatcher(uid_, *this);
  const absl::Status shown = pass_->view().Redact(status);
  pass_.reset();
  Finish(ToGrpcStatus(shown));
}

// What was posted before runs before.
void RolloutWatch::OnDone() {
  loop_.Post([this] { delete this; });
}

}  // namespace fleet::controller
