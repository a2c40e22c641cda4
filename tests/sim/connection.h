// One AgentService.Session call between a simulated agent and controller.
#ifndef FLEET_TESTS_SIM_CONNECTION_H_
#define FLEET_TESTS_SIM_CONNECTION_H_

#include <cstddef>
#include <memory>
#include <string>

#include "controller/agent_session.h"
#include "controller/agent_stream.h"
#include "node_agent/session_stream.h"
#include "tests/sim/lifeline.h"
#include "tests/sim/link.h"
#include "tests/sim/trace.h"

namespace fleet::sim {

// Where agents call: the controller, while it lives.
class Port {
 public:
  virtual ~Port() = default;
  // nullptr: nobody listens, or the session was refused.
  virtual controller::AgentSession* Open(controller::AgentStream& stream) = 0;
  virtual void Forget(controller::AgentSession* session) = 0;
  // Changes with every life of the controller, whose sessions die with it; 0:
  // nobody listens.
  virtual int64_t life() const = 0;
  virtual Lifeline& lifeline() = 0;
  // It is about to send this.
  virtual void OnSend(const std::string& host,
                      const v1::SessionResponse& message) = 0;
};

// As a gRPC stream over TCP: in order, and lost only with the stream. What the
// protocol says it can stand beyond that is done to it too, where the link's
// quality asks for it: desired states, acks and reports come twice, late, or
// (reports) not at all. The link owns it until both ends are gone.
class Connection : public Link::Stream,
                   public controller::AgentStream,
                   public std::enable_shared_from_this<Connection> {
 public:
  struct Agent {
    std::string host;
    agent::SessionStream::Listener* listener;
    Lifeline* life;
  };

  // All outlive it.
  Connection(Link& link, Port& port, Trace& trace, Agent agent)
      : link_(link), port_(port), trace_(trace), agent_(std::move(agent)) {
    identity_.peer = agent_.host;
  }

  // The agent's end, which keeps the connection alive.
  std::shared_ptr<agent::SessionStream> AgentEnd();
  // The process died. `silently`: its whole machine did, and nobody closes the
  // stream for it.
  void AgentDied(bool silently);
  void ControllerDied(bool silently);

  // controller::AgentStream.
  bool Send(v1::SessionResponse message) override;
  void Close(const absl::Status& status) override;
  void Evict(const absl::Status& status) override;
  const Identity& identity() const override { return identity_; }

  // Link::Stream.
  bool over() const override {
    return agent_.listener == nullptr && !controller_open_;
  }
  Pipe& pipe(Direction direction) override {
    return direction == Direction::kUp ? up_ : down_;
  }

 private:
  class End;

  // Each takes a function of this connection.
  template <class F>
  void Pass(Direction direction, F arrive);
  template <class F>
  void PassOutOfOrder(Direction direction, F arrive);
  template <class F>
  void Soon(F task);

  void Dial();
  void Write(const v1::SessionRequest& message);
  void Cancel();
  void NoteWritten();
  void OnUp(const v1::SessionRequest& message);
  void OnDown(const v1::SessionResponse& message);
  void EndUp();
  void EndDown(const absl::Status& status);
  void TellAgent(const absl::Status& status);
  void ForgetSession();

  Link& link_;
  Port& port_;
  Trace& trace_;
  Agent agent_;
  Identity identity_;
  agent::SessionStream* agent_end_ = nullptr;
  int64_t controller_life_ = 0;
  controller::AgentSession* session_ = nullptr;
  bool controller_open_ = false;
  bool closing_ = false;  // By the controller.
  bool evicted_ = false;
  // Messages under way, and an agent's write that waits for room.
  size_t up_waiting_ = 0;
  size_t down_waiting_ = 0;
  bool write_blocked_ = false;
  bool agent_heard_ = false;  // It was sent something, and got it.
  Pipe up_;
  Pipe down_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_CONNECTION_H_
