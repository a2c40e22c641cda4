// Holds a new rollout to the policy that was asked for.
#ifndef FLEET_TESTS_SIM_POLICY_REFEREE_H_
#define FLEET_TESTS_SIM_POLICY_REFEREE_H_

#include <optional>
#include <string>
#include <vector>

#include "proto/rpc/rollout_policy.h"
#include "tests/sim/rollout_record.h"

namespace fleet::sim {

class World;

// The part of RolloutReferee that looks at a rollout when it is made: numbers
// and percentages, waves, the order of the hosts (invariants 1 and 10). It
// reckons by itself what they must have become.
class PolicyReferee {
 public:
  // `world` outlives it; not used before the first commit.
  explicit PolicyReferee(World& world) : world_(world) {}

  // Somebody asks for a rollout with this policy (over one that says nothing).
  void Expect(const RolloutPolicySpec& policy) { asked_ = policy; }
  // The first commit of a rollout. `superseding`: it takes another one's place.
  void Check(const RolloutRecord& record, bool superseding) const;

 private:
  void CheckCounts(const RolloutRecord& record) const;
  void CheckUnavailable(const RolloutRecord& record) const;
  void CheckWaves(const RolloutRecord& record) const;
  void CheckOrder(const RolloutRecord& record) const;
  void Expect(const RolloutRecord& record, const char* what, int is,
              int wanted) const;

  World& world_;
  RolloutPolicySpec asked_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_POLICY_REFEREE_H_
