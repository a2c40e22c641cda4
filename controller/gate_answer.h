// What an answer from outside means for a metric gate.
#ifndef FLEET_CONTROLLER_GATE_ANSWER_H_
#define FLEET_CONTROLLER_GATE_ANSWER_H_

#include <string>

#include "controller/http_client.h"
#include "controller/rollout/gate.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet::controller {

// All pure. What MetricGate in fleet/v1/app.proto says of each source.

// What is asked.
std::string UrlOf(const MetricGate& gate);
// INCONCLUSIVE when there is no answer or it cannot be read.
GateAnswer JudgeAnswer(const MetricGate& gate, const HttpAnswer& answer);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_GATE_ANSWER_H_
