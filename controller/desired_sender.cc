#include "controller/desired_sender.h"

#include <limits>
#include <utility>

#include "controller/target_proto.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

// Well below the 4 MiB that a message may have.
constexpr size_t kMaxBytes = 3 << 20;

// nullptr: it is not kept.
const Revision* RevisionOf(const AppEntry& app, int64_t number) {
  auto found = app.revisions.find(number);
  return found == app.revisions.end() ? nullptr : found->second.get();
}

}  // namespace

void DesiredSender::AddAll() {
  full_due_ = true;
  for (const std::string& uid : registry_.AppsOn(host_)) due_.insert(uid);
}

std::optional<v1::DesiredState> DesiredSender::Next() {
  if (waiting_) return std::nullopt;
  v1::DesiredState message;
  if (!single_.empty()) {
    Fill(single_, 1, message);
  } else {
    const bool all = Fill(due_, std::numeric_limits<size_t>::max(), message);
    // In parts, it cannot say that there is nothing else.
    message.set_full(full_due_ && all);
    full_due_ = false;
  }
  if (message.targets().empty() && !message.full()) return std::nullopt;
  message.set_nonce(++nonce_);
  message.set_epoch(epoch_);
  waiting_ = true;
  return message;
}

bool DesiredSender::Fill(std::set<std::string>& from, size_t limit,
                         v1::DesiredState& message) {
  size_t bytes = 0;
  sent_.clear();
  while (!from.empty() && sent_.size() < limit) {
    const std::string uid = *from.begin();
    const HostTarget* target = registry_.FindTarget(uid, host_);
    if (target == nullptr || registry_.WaitsForRemoval(*target)) {
      from.erase(from.begin());
      continue;
    }
    const AppEntry& app = *registry_.FindByUid(uid);
    v1::AppTarget next = ToProto(
        *target, target->removed ? nullptr : RevisionOf(app, target->revision),
        RevisionOf(app, target->once_hook.revision));
    AddSecrets(next);
    bytes += next.ByteSizeLong();
    if (bytes > kMaxBytes && !sent_.empty()) return false;
    *message.add_targets() = std::move(next);
    sent_.push_back({uid, target->serial});
    from.erase(from.begin());
  }
  return from.empty();
}

// One that has no value is left out: the host says so, where the user looks.
void DesiredSender::AddSecrets(v1::AppTarget& target) const {
  if (secrets_ == nullptr) return;
  std::set<std::string> names;
  for (const auto& [variable, name] : target.spec().secrets()) {
    names.insert(name);
  }
  for (const auto& [variable, name] : target.once_hook().spec().secrets()) {
    names.insert(name);
  }
  for (const std::string& name : names) {
    absl::StatusOr<std::string> value = secrets_(name);
    if (!value.ok()) {
      spdlog::warn("app={} host={}: {}", target.app(), host_,
                   ToStd(value.status().message()));
      continue;
    }
    (*target.mutable_secret_values())[name] = *std::move(value);
  }
}

AckOutcome DesiredSender::OnAck(const v1::DesiredStateAck& ack) {
  AckOutcome outcome;
  if (!waiting_ || ack.nonce() != nonce_) return outcome;
  waiting_ = false;
  std::vector<SentTarget> sent = std::exchange(sent_, {});
  if (ack.code() == 0) {
    for (const SentTarget& target : sent) {
      accepted_[target.app_uid] = target.serial;
    }
    outcome.accepted = std::move(sent);
  } else if (sent.size() == 1) {
    outcome.refused = std::move(sent);
  } else {
    for (const SentTarget& target : sent) single_.insert(target.app_uid);
  }
  return outcome;
}

int64_t DesiredSender::AcceptedSerial(const std::string& app_uid) const {
  auto found = accepted_.find(app_uid);
  return found == accepted_.end() ? 0 : found->second;
}

}  // namespace fleet::controller
