// The controller's store, in memory.
#ifndef FLEET_TESTS_SIM_MEMORY_STORE_H_
#define FLEET_TESTS_SIM_MEMORY_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/rollout_ports.h"
#include "controller/store/store.h"
#include "tests/sim/lifeline.h"

namespace fleet::sim {

// What is on the controller's disk: it outlives the controller.
struct FleetDisk {
  // By app_uid and host, revisions by app_uid and number.
  using Targets =
      std::map<std::pair<std::string, std::string>, controller::HostTarget>;

  int64_t epoch = 0;
  int64_t next_app_id = 0;
  std::map<std::string, controller::AppRecord> apps;
  std::map<std::pair<std::string, int64_t>, controller::Revision> revisions;
  Targets targets;
  std::map<std::string, controller::HostRecord> hosts;
  std::map<std::string, controller::Answer> answers;
  std::map<int64_t, controller::RolloutRow> rollouts;  // By ordinal.
  std::map<std::pair<std::string, int64_t>, controller::RolloutStepRow> steps;
  std::map<std::pair<std::string, int64_t>, controller::RolloutEventRow> events;

  // nullptr: there is none.
  const controller::HostTarget* Target(const std::string& app_uid,
                                       const std::string& host) const;
};

// One life of the controller on that disk. A commit is all or nothing; the
// controller may die before or after it.
class MemoryStore : public controller::Store, public controller::RolloutStore {
 public:
  // Told of what is about to be kept.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void OnSave(const controller::StoreChange& change) = 0;
    virtual void OnCommit(const controller::RolloutCommit& commit) = 0;
  };

  // All outlive it.
  MemoryStore(FleetDisk& disk, Lifeline& life, Observer& observer)
      : disk_(disk), life_(life), observer_(observer) {}

  // While the disk is full, nothing is kept and the controller is told so.
  void SetFull(bool full) { full_ = full; }
  bool full() const { return full_; }
  // Transactions that were kept.
  int64_t commits() const { return commits_; }

  // Store.
  absl::StatusOr<controller::StoredFleet> Load() override;
  absl::Status Save(const controller::StoreChange& change) override;
  absl::StatusOr<int64_t> RaiseEpoch() override;
  absl::StatusOr<std::optional<controller::Answer>> FindAnswer(
      const std::string& request_id) override;

  // RolloutStore.
  absl::Status Commit(const controller::RolloutCommit& commit) override;
  absl::StatusOr<std::vector<controller::RolloutRow>> ActiveRollouts() override;
  absl::StatusOr<std::optional<controller::RolloutRow>> RolloutByUid(
      const std::string& uid) override;
  absl::StatusOr<std::optional<controller::RolloutRow>> RolloutByRequest(
      const std::string& request_id) override;
  absl::StatusOr<std::optional<controller::RolloutRow>> NewestRolloutOf(
      const std::string& app) override;
  absl::StatusOr<std::vector<controller::RolloutRow>> ListRollouts(
      const std::string& app, bool active_only, int64_t before,
      int limit) override;
  absl::StatusOr<std::vector<controller::RolloutStepRow>> RolloutSteps(
      const std::string& uid) override;
  absl::StatusOr<std::vector<controller::RolloutEventRow>> RolloutEvents(
      const std::string& uid, int64_t after_seq, int limit) override;

 private:
  absl::Status Refusal() const;
  template <class Predicate>
  absl::StatusOr<std::optional<controller::RolloutRow>> Newest(
      Predicate predicate) const;
  void Keep(const controller::StoreChange& change);
  void Keep(const controller::RolloutCommit& commit);
  void KeepRollout(controller::RolloutRow row);

  FleetDisk& disk_;
  Lifeline& life_;
  Observer& observer_;
  bool full_ = false;
  bool in_transaction_ = false;
  int64_t commits_ = 0;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_MEMORY_STORE_H_
