// Holds a controller to the limits of a rollout's policy.
#ifndef FLEET_TESTS_SIM_ADMISSION_REFEREE_H_
#define FLEET_TESTS_SIM_ADMISSION_REFEREE_H_

#include <cstdint>

#include "controller/rollout/host_view.h"
#include "tests/sim/rollout_record.h"

namespace fleet::sim {

class World;

// The part of RolloutReferee that counts hosts and instances (invariants 1 and
// 10), by what the controller has been told of its hosts at that moment.
class AdmissionReferee {
 public:
  // `world` outlives it; not used before the first commit.
  explicit AdmissionReferee(World& world) : world_(world) {}

  // After a commit was taken into the record.
  void Check(const RolloutRecord& record) const;

 private:
  controller::HostView View(const RolloutRecord& record,
                            const std::string& host) const;
  int CostOn(const RolloutRecord& record,
             const controller::HostView& view) const;
  void CheckParallel(const RolloutRecord& record) const;
  void CheckZones(const RolloutRecord& record) const;
  void CheckSkips(const RolloutRecord& record) const;
  void CheckForward(const RolloutRecord& record, int64_t index,
                    int64_t down) const;
  void CheckOrder(const RolloutRecord& record, int64_t index,
                  int64_t down) const;
  void CheckBack(const RolloutRecord& record, int64_t index) const;
  bool NothingToLose(const RolloutRecord& record,
                     const controller::HostView& view) const;
  // Instances that are down now, or that the steps in flight may take.
  int64_t Down(const RolloutRecord& record) const;

  World& world_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_ADMISSION_REFEREE_H_
