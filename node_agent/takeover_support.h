// Whether socket takeover (`takeover: true`) can work on this host.
#ifndef FLEET_NODE_AGENT_TAKEOVER_SUPPORT_H_
#define FLEET_NODE_AGENT_TAKEOVER_SUPPORT_H_

#include "absl/status/status.h"

namespace fleet::agent {

// OK, or why not, for a person: what is missing, and what would help. It
// rehearses the whole of it (bind_filter.h, bind_notice.h) on a thread of its
// own, which ends with it, and looks whether the agent may look into the
// memory of its workers. Needs Linux 5.9.
//
// Takes about a millisecond, at most 2 s. Any thread.
absl::Status CheckTakeoverSupport();

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_TAKEOVER_SUPPORT_H_
