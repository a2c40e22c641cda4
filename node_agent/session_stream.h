// One call of AgentService.Session, as the agent's session sees it.
#ifndef FLEET_NODE_AGENT_SESSION_STREAM_H_
#define FLEET_NODE_AGENT_SESSION_STREAM_H_

#include "absl/status/status.h"
#include "fleet/v1/agent_service.pb.h"

namespace fleet::agent {

// Implemented over gRPC by GrpcSessionStream, and by fakes in tests. Loop
// thread only.
class SessionStream {
 public:
  // Told on the loop, never from within a call of the stream. A stream that
  // it has given up may still tell it something until OnEnd.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnMessage(SessionStream* stream,
                           const v1::SessionResponse& message) = 0;
    // The message given to Write is no longer needed, and the next may come.
    virtual void OnWritten(SessionStream* stream) = 0;
    // Once, and nothing after it.
    virtual void OnEnd(SessionStream* stream, const absl::Status& status) = 0;
  };

  virtual ~SessionStream() = default;

  // Once, before all else.
  virtual void Start() = 0;
  // One at a time; `message` stays valid until OnWritten or OnEnd.
  virtual void Write(const v1::SessionRequest* message) = 0;
  // OnEnd follows.
  virtual void Cancel() = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SESSION_STREAM_H_
