// Holds a controller to a rollout's waves.
#ifndef FLEET_TESTS_SIM_WAVE_REFEREE_H_
#define FLEET_TESTS_SIM_WAVE_REFEREE_H_

#include "tests/sim/rollout_record.h"

namespace fleet::sim {

class World;

// The part of RolloutReferee that knows of waves, bakes and promotions
// (invariant 10).
class WaveReferee {
 public:
  // `world` outlives it; not used before the first commit.
  explicit WaveReferee(World& world) : world_(world) {}

  // A step has changed; before Check.
  void OnStep(RolloutRecord& record, const controller::HostStep& before,
              const controller::HostStep& after) const;
  // Before the rollout is taken over into the record; its steps have been.
  void Check(RolloutRecord& record, const controller::Rollout& after) const;
  // The wave is through.
  void CheckBaked(const RolloutRecord& record, int wave) const;

 private:
  void CheckNext(const RolloutRecord& record,
                 const controller::Rollout& after) const;
  void CheckGates(const controller::Rollout& after) const;
  void FollowBake(RolloutRecord& record,
                  const controller::Rollout& after) const;

  World& world_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_WAVE_REFEREE_H_
