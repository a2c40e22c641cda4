// Makes rollouts of what people ask for.
#ifndef FLEET_CONTROLLER_ROLLOUT_MAKER_H_
#define FLEET_CONTROLLER_ROLLOUT_MAKER_H_

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/rollout/new_rollout.h"
#include "controller/rollout/policy_resolver.h"
#include "controller/rollout/rollout.h"
#include "controller/rollout_ports.h"
#include "controller/rollout_reader.h"

namespace fleet::controller {

struct NewRollout {
  RolloutApp app;
  RolloutKind kind = RolloutKind::kReload;
  std::vector<std::string> hosts;
  // Fields that are set override app.spec.rollout.
  RolloutPolicySpec policy;
  // At most 64 bytes; empty: none.
  std::string request_id;
  std::string actor;
  // Ends the app's active rollout together with the creation of this one.
  bool supersede = false;
  // Nothing is made. An active rollout of the app is no error then: the plan is
  // made as if this one ended it.
  bool validate_only = false;
  // See RolloutCommit::also_save.
  std::function<absl::Status()> also_save;
};

// Loop thread only. Changes nothing.
class RolloutMaker {
 public:
  // Both must outlive it. `random_seed` makes uids.
  RolloutMaker(const FleetSource& fleet, RolloutReader& reader,
               uint64_t random_seed, int64_t epoch);

  // QUEUED, with the next generation and its hosts in order. `superseded` is
  // the rollout that it ends, nullptr: none. Errors as RolloutDriver::Create.
  absl::StatusOr<Rollout> Make(const NewRollout& request,
                               const Rollout* superseded, Moment now);

 private:
  std::vector<Candidate> Candidates(const NewRollout& request,
                                    const std::string& zone_label,
                                    const Rollout* superseded) const;
  RolloutSize SizeOf(const NewRollout& request,
                     const std::vector<Candidate>& candidates) const;
  absl::StatusOr<std::string> NewUid();

  const FleetSource& fleet_;
  RolloutReader& reader_;
  std::mt19937_64 random_;
  const int64_t epoch_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_MAKER_H_
