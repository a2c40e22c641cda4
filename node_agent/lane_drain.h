// When a lane that gets no new connections any more has had its last.
#ifndef FLEET_NODE_AGENT_LANE_DRAIN_H_
#define FLEET_NODE_AGENT_LANE_DRAIN_H_

#include <set>

#include "absl/time/time.h"
#include "node_agent/pending_handshakes.h"

namespace fleet::agent {

// Made when the lane has been taken out of its port's program; its worker goes
// on accepting, and is told to stop when Done. What belongs to the lane then
// are the connections in its queue and those whose handshake was under way at
// the change. So: the handshakes that a first look shows (a little later, when
// no processor can still be at work with the program before) must have ended,
// and the queue must have been empty twice in a row since.
//
// A handshake whose last packet was lost may take seconds; after `limit` it is
// not waited for. What comes then is a straggler (straggler_relay.h).
//
// Pure; one per worker that stops. Loop thread only.
class LaneDrain {
 public:
  static constexpr absl::Duration kPause = absl::Milliseconds(2);

  // `ports`: of the app's addresses.
  LaneDrain(std::set<int> ports, absl::Time now, absl::Duration limit);

  // Wants `handshakes` in the next Done, not older than this.
  bool WantsHandshakes(absl::Time now) const;
  absl::Time HandshakesSince() const { return next_look_; }

  // To be asked every kPause. `queued` connections wait in the lane's queues;
  // `handshakes` is nullptr unless it is wanted.
  bool Done(absl::Time now, int queued,
            const PendingHandshakes::Set* handshakes);

 private:
  void Note(absl::Time now, const PendingHandshakes::Set& handshakes);

  const std::set<int> ports_;
  const absl::Time deadline_;
  absl::Time next_look_;
  bool looked_ = false;
  PendingHandshakes::Set pending_;
  int empty_looks_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LANE_DRAIN_H_
