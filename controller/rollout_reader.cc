#include "controller/rollout_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/rollout/forecast.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr char kReading[] = "rollouts cannot be read";

template <class T>
absl::StatusOr<T> Read(absl::StatusOr<T> result) {
  if (!result.ok()) return StoreError(result.status(), kReading);
  return result;
}

}  // namespace

absl::Status StoreError(const absl::Status& status, const std::string& what) {
  if (status.ok() || !ReasonOf(status).reason.empty()) return status;
  return ErrorWithReason(status.code(),
                         absl::StrCat(what, ": ", status.message()),
                         {"STORE_FAILED", {}});
}

absl::StatusOr<Rollout> RolloutReader::WithSteps(const RolloutRow& row) {
  ASSIGN_OR_RETURN(RolloutSummary summary, Read(FromRow(row)));
  ASSIGN_OR_RETURN(std::vector<RolloutStepRow> rows,
                   Read(store_.RolloutSteps(row.uid)));
  summary.rollout.steps.reserve(rows.size());
  for (const RolloutStepRow& step_row : rows) {
    ASSIGN_OR_RETURN(HostStep step, Read(FromRow(step_row)));
    summary.rollout.steps.push_back(std::move(step));
  }
  return std::move(summary.rollout);
}

absl::StatusOr<std::vector<Rollout>> RolloutReader::Active() {
  ASSIGN_OR_RETURN(std::vector<RolloutRow> rows, Read(store_.ActiveRollouts()));
  std::vector<Rollout> rollouts;
  rollouts.reserve(rows.size());
  for (const RolloutRow& row : rows) {
    ASSIGN_OR_RETURN(Rollout rollout, WithSteps(row));
    rollouts.push_back(std::move(rollout));
  }
  return rollouts;
}

absl::StatusOr<Rollout> RolloutReader::Find(const std::string& name) {
  ASSIGN_OR_RETURN(std::optional<RolloutRow> row,
                   Read(store_.RolloutByUid(name)));
  if (!row.has_value()) {
    ASSIGN_OR_RETURN(row, Read(store_.NewestRolloutOf(name)));
  }
  if (row.has_value()) return WithSteps(*row);
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no rollout \"", name,
                   "\": it is neither a rollout's uid nor the name of an app "
                   "that has been rolled out"),
      {"ROLLOUT_NOT_FOUND", {{"name", name}}});
}

absl::StatusOr<std::optional<Rollout>> RolloutReader::FindByRequest(
    const std::string& request_id) {
  ASSIGN_OR_RETURN(std::optional<RolloutRow> row,
                   Read(store_.RolloutByRequest(request_id)));
  if (!row.has_value()) return std::optional<Rollout>();
  ASSIGN_OR_RETURN(Rollout rollout, WithSteps(*row));
  return std::optional<Rollout>(std::move(rollout));
}

absl::StatusOr<bool> RolloutReader::UidIsTaken(const std::string& uid) {
  ASSIGN_OR_RETURN(std::optional<RolloutRow> row,
                   Read(store_.RolloutByUid(uid)));
  return row.has_value();
}

absl::StatusOr<RolloutPage> RolloutReader::List(const std::string& app,
                                                bool active_only,
                                                int64_t before, int limit) {
  ASSIGN_OR_RETURN(std::vector<RolloutRow> rows,
                   Read(store_.ListRollouts(app, active_only, before, limit)));
  RolloutPage page;
  page.rollouts.reserve(rows.size());
  for (const RolloutRow& row : rows) {
    ASSIGN_OR_RETURN(RolloutSummary summary, Read(FromRow(row)));
    page.rollouts.push_back(std::move(summary));
  }
  if (static_cast<int>(rows.size()) >= limit) page.next = rows.back().ordinal;
  return page;
}

absl::StatusOr<absl::Duration> RolloutReader::PastStepTime(
    const std::string& app, const std::string& app_uid) {
  constexpr int kLookedAt = 10;
  ASSIGN_OR_RETURN(RolloutPage page, List(app, false, 0, kLookedAt));
  std::vector<absl::Duration> times;
  for (const RolloutSummary& summary : page.rollouts) {
    const Rollout& rollout = summary.rollout;
    const bool counts = rollout.app_uid == app_uid &&
                        rollout.state.step_time > absl::ZeroDuration();
    if (counts) times.push_back(rollout.state.step_time);
  }
  return Median(std::move(times));
}

absl::Status RolloutReader::ReadEvents(int64_t after_seq, int limit,
                                       RolloutChanges& changes) {
  const Rollout& rollout = changes.rollout;
  // Somebody who has seen more than there is has seen another history.
  bool ahead = after_seq > rollout.state.last_seq;
  if (ahead) after_seq = 0;
  ASSIGN_OR_RETURN(std::vector<RolloutEventRow> rows,
                   Read(store_.RolloutEvents(rollout.uid, after_seq, limit)));
  changes.events.reserve(rows.size());
  for (const RolloutEventRow& row : rows) {
    ASSIGN_OR_RETURN(RolloutEvent event, Read(FromRow(row)));
    changes.events.push_back(std::move(event));
  }
  bool gap = !rows.empty() && rows.front().seq != after_seq + 1;
  changes.reset = ahead || gap;
  return absl::OkStatus();
}

}  // namespace fleet::controller
