// What a slot has been through, for the agent after this one.
#ifndef FLEET_NODE_AGENT_SLOT_RUN_H_
#define FLEET_NODE_AGENT_SLOT_RUN_H_

#include <cstdint>
#include <string>

#include "node_agent/app_state.h"

namespace fleet::agent {

// Tells whether there is something new to write down: a few numbers, compared
// in every pass. That of a slot of which nothing has ended is the default.
struct SlotRunMark {
  SlotPhase phase = SlotPhase::kRunning;
  FailureKind failure = FailureKind::kNone;
  int unstable_exits = 0;
  int64_t restarts = 0;
  WorkerId newest_counted = 0;

  bool operator==(const SlotRunMark&) const = default;
};
SlotRunMark MarkOf(const Slot& slot);

// Restarts, how the last worker ended, and what is to follow, as one line of
// at most 3 KB. It is of use within one boot alone: it names steady times, and
// a machine that boots starts everything anew. Pure.
std::string EncodeSlotRun(const AppState& app, const Slot& slot);

// Fills a slot of a state that has just been restored. What is not to be read
// is left out. A user who has asked for a new start since (start_nonce) gets
// it: then only the counts come back. Pure.
void RestoreSlotRun(const AppState& app, const std::string& text, Slot& slot);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SLOT_RUN_H_
