#include "controller/rollout/host_step.h"

#include "proto/rpc/status.h"

namespace fleet::controller {

bool InFlight(HostStepPhase phase) {
  switch (phase) {
    case HostStepPhase::kAdmitted:
    case HostStepPhase::kApplying:
    case HostStepPhase::kVerifying:
    case HostStepPhase::kUnknown:
    case HostStepPhase::kReverting:
      return true;
    case HostStepPhase::kPending:
    case HostStepPhase::kDone:
    case HostStepPhase::kFailed:
    case HostStepPhase::kSkipped:
    case HostStepPhase::kReverted:
    case HostStepPhase::kRevertFailed:
      return false;
  }
  FLEET_CHECK(false);
}

bool Ended(HostStepPhase phase) {
  return phase != HostStepPhase::kPending && !InFlight(phase);
}

bool LegalTransition(HostStepPhase from, HostStepPhase to) {
  using P = HostStepPhase;
  if (from == to) return false;
  switch (from) {
    case P::kPending:
      return to == P::kAdmitted || to == P::kSkipped || to == P::kReverting;
    case P::kAdmitted:
    case P::kApplying:
    case P::kVerifying:
    case P::kUnknown:
      return to != P::kPending && to != P::kReverted && to != P::kRevertFailed;
    case P::kFailed:
      return to == P::kPending || to == P::kDone || to == P::kReverting ||
             to == P::kSkipped;
    case P::kSkipped:
      return to == P::kPending || to == P::kReverting;
    case P::kDone:
      return to == P::kFailed || to == P::kReverting || to == P::kSkipped;
    case P::kReverting:
      return to == P::kReverted || to == P::kRevertFailed || to == P::kSkipped;
    case P::kRevertFailed:
      return to == P::kReverting || to == P::kReverted;
    case P::kReverted:
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
    case HostStepPhase::kReverting:
      return "REVERTING";
    case HostStepPhase::kReverted:
      return "REVERTED";
    case HostStepPhase::kRevertFailed:
      return "REVERT_FAILED";
  }
  FLEET_CHECK(false);
}

}  // namespace fleet::controller
