// Metric gates over HTTP.
#ifndef FLEET_CONTROLLER_HTTP_GATE_PROBER_H_
#define FLEET_CONTROLLER_HTTP_GATE_PROBER_H_

#include <string>

#include "controller/gate_prober.h"
#include "controller/http_client.h"

namespace fleet::controller {

// See GateProber. Loop thread only.
class HttpGateProber : public GateProber {
 public:
  // `authority`: see HttpClient.
  HttpGateProber(EventLoop& loop, const std::string& authority)
      : http_(loop, authority) {}

  absl::Status Prepare() override { return http_.Prepare(); }
  void Ask(const MetricGate& gate, Done done) override;

 private:
  HttpClient http_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HTTP_GATE_PROBER_H_
