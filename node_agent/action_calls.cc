#include "node_agent/action_calls.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::agent {

ActionCalls::~ActionCalls() { OnEnded(); }

absl::Status ActionCalls::Ask(const ActionRequest& request,
                              const Send& send) const {
  if (!actions_.empty() && !actions_.contains(request.action)) {
    return absl::NotFoundError(
        absl::StrCat(name_, " has no action \"", request.action,
                     "\"; it has: ", absl::StrJoin(actions_, ", ")));
  }
  if (calls_.size() >= kMaxCalls) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name_, " has ", kMaxCalls,
                     " actions to reply to already; try again later"));
  }
  return send(NodeActionMessage(request.action, request.parameter));
}

void ActionCalls::Call(const ActionRequest& request, const Send& send,
                       ActionDone done) {
  absl::Status asked = Ask(request, send);
  if (!asked.ok()) return Later(std::move(done), asked);
  calls_.push_back({request.action, std::move(done), 0});
  auto call = std::prev(calls_.end());
  call->timer = loop_.AddTimerAfter(
      request.timeout, [this, call, timeout = request.timeout] {
        call->timer = 0;
        Finish(call,
               absl::DeadlineExceededError(absl::StrCat(
                   name_, " has not replied within ", DurationText(timeout),
                   actions_.empty()
                       ? "; does it use @pm2/io, and has it the action?"
                       : "")));
      });
}

void ActionCalls::OnMessage(const NodeMessage& message) {
  if (message.kind == NodeMessage::Kind::kAction) {
    if (actions_.size() < kMaxActions) actions_.insert(message.key);
    return;
  }
  if (message.kind == NodeMessage::Kind::kMetrics) {
    metrics_ = message.metrics;
    return;
  }
  auto call = std::find_if(calls_.begin(), calls_.end(), [&](const Open& open) {
    return open.action == message.key;
  });
  if (call == calls_.end()) return;  // It came too late.
  if (message.inner.size() <= kMaxValue) return Finish(call, message.inner);
  Finish(call, absl::ResourceExhaustedError(absl::StrCat(
                   name_, " replied with ", message.inner.size(),
                   " bytes; at most ", kMaxValue, " are passed on")));
}

void ActionCalls::OnEnded() {
  while (!calls_.empty()) {
    Finish(calls_.begin(), absl::UnavailableError(absl::StrCat(
                               name_, " has ended before it replied")));
  }
}

void ActionCalls::Finish(std::list<Open>::iterator call,
                         absl::StatusOr<std::string> result) {
  loop_.CancelTimer(call->timer);
  ActionDone done = std::move(call->done);
  calls_.erase(call);
  Later(std::move(done), std::move(result));
}

void ActionCalls::Later(ActionDone done, absl::StatusOr<std::string> result) {
  loop_.Post(
      [done = std::move(done), result = std::move(result)] { done(result); });
}

}  // namespace fleet::agent
