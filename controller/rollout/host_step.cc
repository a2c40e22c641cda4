#include "controller/rollout/host_step.h"

#include "proto/rpc/status.h"

namespace fleet::controller {

bool InFlight(HostStepPhase phase) {
  switch (phase) {
    case HostStepPhase::kAdmitted:
    case HostStepPhase::kApplying:
    case HostStepPhase::kVerifying:
    case HostStepPhase::kUnknown:
      return true;
    case HostStepPhase::kPending:
    case HostStepPhase::kDone:
    case HostStepPhase::kFailed:
    case HostStepPhase::kSkipped:
      return false;
  }
  FLEET_CHECK(false);
}

bool Ended(HostStepPhase phase) {
  return phase != HostStepPhase::kPending && !InFlight(phase);
}

bool LegalTransition(HostStepPhase from, HostStepPhase to) {
  if (from == to) return false;
  switch (from) {
    case HostStepPhase::kPending:
      return to == HostStepPhase::kAdmitted || to == HostStepPhase::kSkipped;
    case HostStepPhase::kAdmitted:
    case HostStepPhase::kApplying:
    case HostStepPhase::kVerifying:
    case HostStepPhase::kUnknown:
      return to != HostStepPhase::kPending;
    case HostStepPhase::kFailed:
      return to == HostStepPhase::kPending || to == HostStepPhase::kDone;
    case HostStepPhase::kSkipped:
      return to == HostStepPhase::kPending;
    case HostStepPhase::kDone:
      return false;
  }
  FLEET_CHECK(false);
}

const char* Name(HostStepPhase phase) {
  switch (phase) {
    case HostStepPhase::kPending:
      return "PENDING";
    case HostStepPhase::kAdmitted:
      return "ADMITTED";
    case HostStepPhase::kApplying:
      return "APPLYING";
    case HostStepPhase::kVerifying:
      return "VERIFYING";
    case HostStepPhase::kDone:
      return "DONE";
    case HostStepPhase::kFailed:
      return "FAILED";
    case HostStepPhase::kUnknown:
      return "UNKNOWN";
    case HostStepPhase::kSkipped:
      return "SKIPPED";
  }
  FLEET_CHECK(false);
}

}  // namespace fleet::controller
