// The wire to one agent, as its session sees it.
#ifndef FLEET_CONTROLLER_AGENT_STREAM_H_
#define FLEET_CONTROLLER_AGENT_STREAM_H_

#include <string>

#include "absl/status/status.h"
#include "fleet/v1/agent_service.pb.h"
#include "proto/rpc/identity.h"

namespace fleet::controller {

// Implemented over gRPC by AgentService, and by a fake in tests. Loop thread
// only. Does not call back from within these methods.
class AgentStream {
 public:
  virtual ~AgentStream() = default;

  // False: too much waits already (the agent does not read); nothing was
  // queued, and the session should evict it. A heartbeat that waits is not
  // queued twice.
  virtual bool Send(v1::SessionResponse message) = 0;

  // Sends what waits, then ends the stream with the status. Later calls of
  // any method do nothing.
  virtual void Close(const absl::Status& status) = 0;
  // Ends it now, whether the agent reads or not.
  virtual void Evict(const absl::Status& status) = 0;

  // Who is at the other end.
  virtual const Identity& identity() const = 0;
  // Where it comes from, for people.
  const std::string& peer() const { return identity().peer; }
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_AGENT_STREAM_H_
