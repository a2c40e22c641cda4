// Which of the controller's wishes this host takes.
#ifndef FLEET_NODE_AGENT_DESIRED_STATE_ACCEPTOR_H_
#define FLEET_NODE_AGENT_DESIRED_STATE_ACCEPTOR_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fleet/v1/agent_service.pb.h"
#include "node_agent/desired_journal.h"

namespace fleet::agent {

struct Acceptance {
  // To be journaled, then carried out. A target that changes nothing is not
  // among them; an app that a full state does not name is, as removed.
  std::vector<v1::AppTarget> targets;
  // The first refusal's code, with a line for each. Refusals do not keep the
  // other targets from being accepted.
  // FAILED_PRECONDITION: a lower epoch (then nothing is accepted), serial or
  // generation. ALREADY_EXISTS: another app has the name. INVALID_ARGUMENT:
  // the target is broken. PERMISSION_DENIED: the host's policy. Whether its
  // spec can be carried out is not asked here; that is told as the step's
  // failure.
  absl::Status status;
};

// Whether this host's own policy allows a target that is to run workers;
// PERMISSION_DENIED otherwise.
using TargetCheck = std::function<absl::Status(const v1::AppTarget& target)>;

// Pure but for `check`, which may be empty. It is not asked about a target that
// only stops what is there.
Acceptance JudgeDesiredState(const JournalContents& have,
                             const v1::DesiredState& wanted,
                             const TargetCheck& check = nullptr);

// What is said of one that the journal in `folder` had no room for, or could
// not be written with for another reason. Pure.
absl::Status NotSavedStatus(const absl::Status& why, const std::string& folder);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_DESIRED_STATE_ACCEPTOR_H_
