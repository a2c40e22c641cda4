// What the answers of metric gates must lead to.
#ifndef FLEET_TESTS_SIM_GATE_REFEREE_H_
#define FLEET_TESTS_SIM_GATE_REFEREE_H_

#include <cstdint>
#include <map>
#include <string>

#include "tests/sim/gate_servers.h"
#include "tests/sim/rollout_record.h"

namespace fleet::sim {

class World;

// Knows what the controller was told, and when it had asked. The number of its
// invariants is 19 (docs/testing.md).
class GateReferee : public GateServers::Observer {
 public:
  // `world` outlives it; not used before the first answer.
  explicit GateReferee(World& world) : world_(world) {}

  // GateServers::Observer.
  void OnGateAnswer(const MetricGate& gate, absl::Time asked_at,
                    controller::GateVerdict verdict) override;

  // A transaction is about to be kept. `record` is as it was.
  void CheckHead(const RolloutRecord& record, const controller::Rollout& after);

 private:
  // Of one gate, since its wave began to bake (or was told to bake anew).
  struct Heard {
    int64_t epoch = 0;  // Of the controller that heard it.
    absl::Time asked_at;
    controller::GateVerdict verdict = controller::GateVerdict::kNone;
    // Since when nothing but FAIL was heard.
    absl::Time fails_since = absl::InfiniteFuture();
    // It has failed for its window; or no_data says so.
    bool failed = false;
    bool no_data = false;
  };

  void CheckPassed(const RolloutRecord& record,
                   const controller::Rollout& after);
  void CheckAnswered(const RolloutRecord& record,
                     const controller::Rollout& after) const;

  void CheckWindow(const controller::Rollout& after) const;

  World& world_;
  std::map<std::string, Heard> heard_;  // By URL.
  std::string baking_;                  // The rollout that bakes.
  absl::Time bake_begin_;
  int64_t bake_epoch_ = 0;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_GATE_REFEREE_H_
