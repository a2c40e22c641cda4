// A RolloutStore in memory that outlives the controllers of a test.
#ifndef FLEET_TESTS_CONTROLLER_FAKE_ROLLOUT_STORE_H_
#define FLEET_TESTS_CONTROLLER_FAKE_ROLLOUT_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controller/rollout_ports.h"

namespace fleet::controller {

class FakeRolloutStore : public RolloutStore {
 public:
  enum class Fault {
    kNone,
    // The commit fails and nothing is kept.
    kFails,
    // It is kept, but the process dies before it hears so.
    kDiesAfter,
    // The process dies before.
    kDiesBefore,
  };

  // The fault of the commit numbered `at`, counted from 1.
  void FailAt(int at, Fault fault) {
    fault_at_ = at;
    fault_ = fault;
  }
  void FailAlways(bool fails) { fails_always_ = fails; }
  // Every call fails until Revive.
  bool dead() const { return dead_; }
  void Revive() { dead_ = false; }
  int commits() const { return commits_; }
  // Called with each commit before it is kept.
  void SetCheck(std::function<void(const RolloutCommit&)> check) {
    check_ = std::move(check);
  }

  absl::Status Commit(const RolloutCommit& commit) override;
  absl::StatusOr<std::vector<RolloutRow>> ActiveRollouts() override;
  absl::StatusOr<std::optional<RolloutRow>> RolloutByUid(
      const std::string& uid) override;
  absl::StatusOr<std::optional<RolloutRow>> RolloutByRequest(
      const std::string& request_id) override;
  absl::StatusOr<std::optional<RolloutRow>> NewestRolloutOf(
      const std::string& app) override;
  absl::StatusOr<std::vector<RolloutRow>> ListRollouts(const std::string& app,
                                                       bool active_only,
                                                       int64_t before,
                                                       int limit) override;
  absl::StatusOr<std::vector<RolloutStepRow>> RolloutSteps(
      const std::string& uid) override;
  absl::StatusOr<std::vector<RolloutEventRow>> RolloutEvents(
      const std::string& uid, int64_t after_seq, int limit) override;

  // What is kept beside rollouts. By host.
  std::map<std::string, HostTarget> targets;
  AppAdvance app;

 private:
  absl::Status Keep(const RolloutCommit& commit);

  bool fails_always_ = false;
  bool dead_ = false;
  int commits_ = 0;
  int fault_at_ = 0;
  Fault fault_ = Fault::kNone;
  std::function<void(const RolloutCommit&)> check_;
  std::map<int64_t, RolloutRow> rollouts_;  // By ordinal.
  std::map<std::pair<std::string, int64_t>, RolloutStepRow> steps_;
  std::map<std::pair<std::string, int64_t>, RolloutEventRow> events_;
};

}  // namespace fleet::controller

#endif  // FLEET_TESTS_CONTROLLER_FAKE_ROLLOUT_STORE_H_
