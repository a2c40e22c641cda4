// Asks metric gates whose answer comes from outside of the fleet.
#ifndef FLEET_CONTROLLER_GATE_PROBER_H_
#define FLEET_CONTROLLER_GATE_PROBER_H_

#include <functional>

#include "absl/status/status.h"
#include "controller/rollout/gate.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet::controller {

// Loop thread only.
class GateProber {
 public:
  using Done = std::function<void(const GateAnswer& answer)>;

  virtual ~GateProber() = default;
  // FAILED_PRECONDITION: this controller can ask nobody, and what to do.
  virtual absl::Status Prepare() = 0;
  // Asks an HTTP or Prometheus gate. `done` runs once, later, on the loop
  // thread, no later than a little after the gate's timeout; INCONCLUSIVE when
  // nobody answers. `look` of the answer is not set.
  virtual void Ask(const MetricGate& gate, Done done) = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_GATE_PROBER_H_
