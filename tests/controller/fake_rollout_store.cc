#include "tests/controller/fake_rollout_store.h"

#include <algorithm>

#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

absl::Status Dead() { return absl::InternalError("the process is dead"); }

std::optional<RolloutRow> Newest(
    const std::map<int64_t, RolloutRow>& rows,
    const std::function<bool(const RolloutRow&)>& matches) {
  for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
    if (matches(it->second)) return it->second;
  }
  return std::nullopt;
}

}  // namespace

absl::Status FakeRolloutStore::Commit(const RolloutCommit& commit) {
  if (dead_) return Dead();
  Fault fault = ++commits_ == fault_at_ ? fault_ : Fault::kNone;
  if (fault == Fault::kDiesBefore) {
    dead_ = true;
    return Dead();
  }
  if (fault == Fault::kFails || fails_always_) {
    return absl::ResourceExhaustedError("disk full");
  }
  if (check_) check_(commit);
  RETURN_IF_ERROR(Keep(commit));
  if (fault != Fault::kDiesAfter) return absl::OkStatus();
  dead_ = true;
  return Dead();
}

absl::Status FakeRolloutStore::Keep(const RolloutCommit& commit) {
  if (commit.also_save) RETURN_IF_ERROR(commit.also_save());
  for (RolloutRow row : commit.rollouts) {
    row.ordinal = rollouts_.empty() ? 1 : rollouts_.rbegin()->first + 1;
    for (const auto& [ordinal, old] : rollouts_) {
      if (old.uid == row.uid) row.ordinal = ordinal;
    }
    rollouts_[row.ordinal] = row;
  }
  for (const RolloutStepRow& row : commit.steps) {
    steps_[{row.uid, row.index}] = row;
  }
  for (const RolloutEventRow& row : commit.events) {
    bool added = events_.insert({{row.uid, row.seq}, row}).second;
    FLEET_CHECK(added);
  }
  if (commit.forget_events_through > 0) {
    const std::string& uid = commit.rollouts[0].uid;
    events_.erase(events_.lower_bound({uid, 0}),
                  events_.upper_bound({uid, commit.forget_events_through}));
  }
  for (const HostTarget& target : commit.targets) {
    targets[target.host] = target;
  }
  if (commit.app.has_value()) {
    int64_t proven = app.proven_revision;
    app = *commit.app;
    if (app.proven_revision == 0) app.proven_revision = proven;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RolloutRow>> FakeRolloutStore::ActiveRollouts() {
  return ListRollouts("", true, 0, 1000);
}

absl::StatusOr<std::optional<RolloutRow>> FakeRolloutStore::RolloutByUid(
    const std::string& uid) {
  if (dead_) return Dead();
  return Newest(rollouts_, [&](const RolloutRow& r) { return r.uid == uid; });
}

absl::StatusOr<std::optional<RolloutRow>> FakeRolloutStore::RolloutByRequest(
    const std::string& request_id) {
  if (dead_) return Dead();
  return Newest(rollouts_, [&](const RolloutRow& r) {
    return r.request_id == request_id;
  });
}

absl::StatusOr<std::optional<RolloutRow>> FakeRolloutStore::NewestRolloutOf(
    const std::string& name) {
  if (dead_) return Dead();
  return Newest(rollouts_, [&](const RolloutRow& r) { return r.app == name; });
}

absl::StatusOr<std::vector<RolloutRow>> FakeRolloutStore::ListRollouts(
    const std::string& name, bool active_only, int64_t before, int limit) {
  if (dead_) return Dead();
  std::vector<RolloutRow> rows;
  for (auto it = rollouts_.rbegin(); it != rollouts_.rend(); ++it) {
    const RolloutRow& row = it->second;
    if (!name.empty() && row.app != name) continue;
    if (active_only && !row.active) continue;
    if (before != 0 && row.ordinal >= before) continue;
    if (static_cast<int>(rows.size()) < limit) rows.push_back(row);
  }
  return rows;
}

absl::StatusOr<std::vector<RolloutStepRow>> FakeRolloutStore::RolloutSteps(
    const std::string& uid) {
  if (dead_) return Dead();
  std::vector<RolloutStepRow> rows;
  for (auto it = steps_.lower_bound({uid, 0});
       it != steps_.end() && it->first.first == uid; ++it) {
    rows.push_back(it->second);
  }
  return rows;
}

absl::StatusOr<std::vector<RolloutEventRow>> FakeRolloutStore::RolloutEvents(
    const std::string& uid, int64_t after_seq, int limit) {
  if (dead_) return Dead();
  std::vector<RolloutEventRow> rows;
  for (auto it = events_.lower_bound({uid, after_seq + 1});
       it != events_.end() && it->first.first == uid &&
       static_cast<int>(rows.size()) < limit;
       ++it) {
    rows.push_back(it->second);
  }
  return rows;
}

}  // namespace fleet::controller
