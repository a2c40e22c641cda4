// The TCP handshakes that are under way with this machine's listeners.
#ifndef FLEET_NODE_AGENT_PENDING_HANDSHAKES_H_
#define FLEET_NODE_AGENT_PENDING_HANDSHAKES_H_

#include <set>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "proto/rpc/clock.h"

namespace fleet::agent {

// A client whose SYN has been answered belongs to the listener that was chosen
// then, and comes into that one's queue with its ACK, whatever the port's
// program says by that time. The kernel tells which there are (sock_diag(7),
// state SYN_RECV), though not whose.
//
// A look walks the kernel's table of connections (1 ms at 262,144 buckets), so
// that all who ask at about the same time share one. At most 4,096 are listed.
// The runtime owns it. Loop thread only.
class PendingHandshakes {
 public:
  // The port here, and the four numbers of the connection, uninterpreted.
  using Handshake = std::pair<int, std::string>;
  using Set = std::set<Handshake>;

  explicit PendingHandshakes(const Clock& clock) : clock_(clock) {}

  // With any port, as of a time that is not before `since`. Empty also when
  // the kernel does not say. Stays as it is until the next call.
  const Set& List(absl::Time since);

 private:
  const Clock& clock_;
  absl::Time looked_ = absl::InfinitePast();
  Set found_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PENDING_HANDSHAKES_H_
