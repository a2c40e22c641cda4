// Rollouts as they are in the store, ended ones too.
#ifndef FLEET_CONTROLLER_ROLLOUT_READER_H_
#define FLEET_CONTROLLER_ROLLOUT_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/rollout/rollout.h"
#include "controller/rollout_ports.h"
#include "controller/rollout_rows.h"

namespace fleet::controller {

// What a watcher has not seen.
struct RolloutChanges {
  Rollout rollout;
  std::vector<RolloutEvent> events;
  // Events between those it has seen and the first of these are not kept.
  bool reset = false;
};

struct RolloutPage {
  std::vector<RolloutSummary> rollouts;  // Newest first.
  int64_t next = 0;                      // `before` of the next page; 0: none.
};

// Loop thread only; reads the store at each call. The store must outlive it.
// Errors of the store carry the reason STORE_FAILED.
class RolloutReader {
 public:
  explicit RolloutReader(RolloutStore& store) : store_(store) {}

  absl::StatusOr<std::vector<Rollout>> Active();
  // By uid, else the newest of the app of that name. NOT_FOUND with reason
  // ROLLOUT_NOT_FOUND.
  absl::StatusOr<Rollout> Find(const std::string& name);
  absl::StatusOr<std::optional<Rollout>> FindByRequest(
      const std::string& request_id);
  absl::StatusOr<bool> UidIsTaken(const std::string& uid);
  // `limit` from 1.
  absl::StatusOr<RolloutPage> List(const std::string& app, bool active_only,
                                   int64_t before, int limit);
  // What a host took in the app's last few rollouts that succeeded, the
  // median; ZeroDuration: there are none.
  absl::StatusOr<absl::Duration> PastStepTime(const std::string& app,
                                              const std::string& app_uid);
  // Into `changes`, those after `after_seq`. changes.rollout says which.
  absl::Status ReadEvents(int64_t after_seq, int limit,
                          RolloutChanges& changes);

 private:
  absl::StatusOr<Rollout> WithSteps(const RolloutRow& row);

  RolloutStore& store_;
};

// An error of the store, as clients get it. One that has a reason keeps it.
absl::Status StoreError(const absl::Status& status, const std::string& what);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_READER_H_
