// Which hosts may begin now.
#ifndef FLEET_CONTROLLER_ROLLOUT_ADMISSION_H_
#define FLEET_CONTROLLER_ROLLOUT_ADMISSION_H_

#include <cstddef>
#include <string>
#include <vector>

#include "controller/rollout/planning.h"

namespace fleet::controller {

// What is free: slots, zones, unavailable instances. Derived from what the
// hosts are now, never from what happened. On the stack of one planning.
class Admission {
 public:
  // The planning's tally must be up to date.
  explicit Admission(const Planning& planning);

  bool HasRoom() const { return room_ > 0; }
  // Too many instances are down to touch the host. What is broken has nothing
  // to lose and is always let in, so that a release can mend it.
  bool OverBudget(size_t i) const;
  bool ZoneIsFull(size_t i) const;
  // For a rollback only what the rollback itself takes away counts.
  bool MayRevert(size_t i) const;
  // The step has begun.
  void Took(size_t i);
  int64_t down() const { return down_; }

 private:
  int CostOf(size_t i) const;

  const Planning& planning_;
  int room_ = 0;
  int64_t down_ = 0;
  int64_t voluntary_ = 0;
  std::vector<std::string> zones_;  // With a host in flight.
};

// Admits hosts of the waves up to the present one, in their order. Hosts that
// are not connected or are cordoned are SKIPPED when their turn comes; in a
// wave that others follow, a host of a later wave takes the place of one that
// was skipped. Sets and lifts the BUDGET hold. May fail the rollout, when too
// many would be skipped. True: steps have changed, the tally has not.
bool AdmitHosts(Planning& planning);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ADMISSION_H_
