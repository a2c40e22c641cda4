#include "controller/rollout/gate.h"

#include "proto/rpc/status.h"

namespace fleet::controller {

bool IsSample(GateSource source) {
  switch (source) {
    case GateSource::kRestarts:
    case GateSource::kCpu:
    case GateSource::kMemory:
      return true;
    case GateSource::kHttp:
    case GateSource::kPrometheus:
      return false;
  }
  FLEET_CHECK(false);
}

bool Within(const MetricGate& gate, double value) {
  return (!gate.min.has_value() || value >= *gate.min) &&
         (!gate.max.has_value() || value <= *gate.max);
}

const char* Name(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kNone:
      return "NONE";
    case GateVerdict::kPass:
      return "PASS";
    case GateVerdict::kFail:
      return "FAIL";
    case GateVerdict::kInconclusive:
      return "INCONCLUSIVE";
  }
  FLEET_CHECK(false);
}

}  // namespace fleet::controller
