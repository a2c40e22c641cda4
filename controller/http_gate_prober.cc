#include "controller/http_gate_prober.h"

#include <utility>

#include "controller/gate_answer.h"

namespace fleet::controller {

void HttpGateProber::Ask(const MetricGate& gate, Done done) {
  http_.Get(UrlOf(gate), gate.timeout,
            [gate, done = std::move(done)](const HttpAnswer& answer) {
              done(JudgeAnswer(gate, answer));
            });
}

}  // namespace fleet::controller
