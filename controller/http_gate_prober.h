// Metric gates over HTTP.
#ifndef FLEET_CONTROLLER_HTTP_GATE_PROBER_H_
#define FLEET_CONTROLLER_HTTP_GATE_PROBER_H_

#include "controller/gate_prober.h"
#include "controller/http_client.h"

namespace fleet::controller {

// See GateProber. Loop thread only.
class HttpGateProber : public GateProber {
 public:
  explicit HttpGateProber(EventLoop& loop) : http_(loop) {}

  absl::Status Prepare() override { return http_.Prepare(); }
  void Ask(const MetricGate& gate, Done done) override;

 private:
  HttpClient http_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HTTP_GATE_PROBER_H_
