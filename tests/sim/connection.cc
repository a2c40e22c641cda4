#include "tests/sim/connection.h"

#include <utility>

#include "tests/sim/message_text.h"

namespace fleet::sim {
namespace {

// What a socket's buffers take before its writer has to wait.
constexpr size_t kSocketBuffer = 64;
// The controller's outbox (controller/agent_service.cc) on top of that.
constexpr size_t kControllerBuffer = kSocketBuffer + 256;
constexpr absl::Duration kLocally = absl::Microseconds(50);

// What may come twice or late without breaking the protocol. A full one says
// that there is nothing else, which is only true in turn.
bool MayStray(const v1::SessionRequest& message) {
  return (message.has_state_report() && !message.state_report().full()) ||
         message.has_desired_state_ack();
}
bool MayStray(const v1::SessionResponse& message) {
  return message.has_desired_state() && !message.desired_state().full();
}

// Signs of life are not.
bool WorthTelling(const v1::SessionRequest& message) {
  return !message.has_heartbeat() && !message.has_metrics();
}
bool WorthTelling(const v1::SessionResponse& message) {
  return !message.has_heartbeat();
}

}  // namespace

// Forwards to the connection for as long as the agent holds it.
class Connection::End : public agent::SessionStream {
 public:
  explicit End(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  void Start() override { connection_->Dial(); }
  void Write(const v1::SessionRequest* message) override {
    connection_->Write(*message);
  }
  void Cancel() override { connection_->Cancel(); }

 private:
  std::shared_ptr<Connection> connection_;
};

std::shared_ptr<agent::SessionStream> Connection::AgentEnd() {
  auto end = std::make_shared<End>(shared_from_this());
  agent_end_ = end.get();
  return end;
}

// What is under way in a pipe dies with it, and so with the connection.
template <class F>
void Connection::Pass(Direction direction, F arrive) {
  pipe(direction).Send(link_.timeline(), link_.Delay(),
                       [this, arrive = std::move(arrive)] { arrive(*this); });
}

template <class F>
void Connection::PassOutOfOrder(Direction direction, F arrive) {
  pipe(direction).SendUnordered(
      link_.timeline(), 3 * link_.Delay(),
      [this, arrive = std::move(arrive)] { arrive(*this); });
}

template <class F>
void Connection::Soon(F task) {
  link_.timeline().After(kLocally,
                         [weak = weak_from_this(), task = std::move(task)] {
                           if (auto self = weak.lock()) task(*self);
                         });
}

// ------------------------------------------------------------ agent's end

void Connection::Dial() {
  Pass(Direction::kUp, [](Connection& c) {
    c.controller_life_ = c.port_.life();
    if (c.controller_life_ == 0) {
      c.EndDown(absl::UnavailableError("connection refused"));
      return;
    }
    c.controller_open_ = true;
    c.session_ = c.port_.Open(c);
  });
}

void Connection::Write(const v1::SessionRequest& message) {
  if (!agent_.life->Before()) return;
  if (trace_.on() && WorthTelling(message)) {
    trace_.Note(agent_.host, "says ", TextOf(message));
  }
  Random& random = link_.random();
  const LinkQuality& quality = link_.quality();
  const bool strays = MayStray(message);
  if (strays && random.Percent(quality.duplicate_percent)) {
    PassOutOfOrder(Direction::kUp,
                   [message](Connection& c) { c.OnUp(message); });
  }
  ++up_waiting_;
  const bool lost = strays && message.has_state_report() &&
                    random.Percent(quality.drop_percent);
  if (lost) {
    Pass(Direction::kUp, [](Connection& c) { --c.up_waiting_; });
  } else if (strays && random.Percent(quality.reorder_percent)) {
    PassOutOfOrder(Direction::kUp, [message](Connection& c) {
      --c.up_waiting_;
      c.OnUp(message);
    });
  } else {
    Pass(Direction::kUp, [message](Connection& c) {
      --c.up_waiting_;
      c.OnUp(message);
    });
  }
  write_blocked_ = true;
  NoteWritten();
  agent_.life->After();
}

void Connection::NoteWritten() {
  if (!write_blocked_ || up_waiting_ > kSocketBuffer) return;
  write_blocked_ = false;
  Soon([](Connection& c) {
    if (c.agent_.listener != nullptr) {
      c.agent_.listener->OnWritten(c.agent_end_);
    }
  });
}

void Connection::Cancel() {
  EndUp();
  Soon([](Connection& c) {
    c.TellAgent(absl::CancelledError("the agent cancelled"));
  });
}

void Connection::AgentDied(bool silently) {
  if (agent_.listener == nullptr) return;
  if (!silently) EndUp();
  // The session must be told before it may be destroyed; it is dead already.
  TellAgent(absl::CancelledError("the agent died"));
}

void Connection::TellAgent(const absl::Status& status) {
  agent::SessionStream::Listener* listener =
      std::exchange(agent_.listener, nullptr);
  if (listener != nullptr) listener->OnEnd(agent_end_, status);
}

void Connection::OnDown(const v1::SessionResponse& message) {
  if (evicted_ || agent_.listener == nullptr) return;
  agent_heard_ = true;
  agent_.listener->OnMessage(agent_end_, message);
}

// -------------------------------------------------------- controller's end

bool Connection::Send(v1::SessionResponse message) {
  if (closing_) return true;
  Lifeline& life = port_.lifeline();
  if (!life.Before()) return true;
  const bool blocked = down_waiting_ > kSocketBuffer;
  if (message.has_heartbeat() && blocked) return true;
  if (down_waiting_ >= kControllerBuffer) return false;
  port_.OnSend(agent_.host, message);
  if (trace_.on() && WorthTelling(message)) {
    trace_.Note("controller", "tells ", agent_.host, " ", TextOf(message));
  }
  Random& random = link_.random();
  const LinkQuality& quality = link_.quality();
  const bool strays = agent_heard_ && MayStray(message);
  if (strays && random.Percent(quality.duplicate_percent)) {
    PassOutOfOrder(Direction::kDown,
                   [message](Connection& c) { c.OnDown(message); });
  }
  ++down_waiting_;
  auto arrive = [message = std::move(message)](Connection& c) {
    --c.down_waiting_;
    c.OnDown(message);
  };
  if (strays && random.Percent(quality.reorder_percent)) {
    PassOutOfOrder(Direction::kDown, std::move(arrive));
  } else {
    Pass(Direction::kDown, std::move(arrive));
  }
  life.After();
  return true;
}

void Connection::Close(const absl::Status& status) {
  if (std::exchange(closing_, true)) return;
  EndDown(status);
  ForgetSession();
}

void Connection::Evict(const absl::Status& status) {
  if (evicted_) return;
  closing_ = evicted_ = true;
  EndDown(status);
  ForgetSession();
}

void Connection::ControllerDied(bool silently) {
  if (!std::exchange(controller_open_, false)) return;
  session_ = nullptr;
  closing_ = true;
  if (!silently) EndDown(absl::UnavailableError("connection reset by peer"));
}

void Connection::OnUp(const v1::SessionRequest& message) {
  NoteWritten();
  if (session_ != nullptr && !closing_) session_->OnMessage(message);
}

// The stream's reactor is done with it a little later.
void Connection::ForgetSession() {
  Soon([](Connection& c) {
    c.controller_open_ = false;
    controller::AgentSession* session = std::exchange(c.session_, nullptr);
    if (session != nullptr && c.port_.life() == c.controller_life_) {
      c.port_.Forget(session);
    }
  });
}

// -------------------------------------------------------------------- ends

void Connection::EndUp() {
  Pass(Direction::kUp, [](Connection& c) {
    if (c.session_ == nullptr || c.closing_) return;
    c.closing_ = true;
    c.session_->OnStreamEnded();
    c.ForgetSession();
  });
}

void Connection::EndDown(const absl::Status& status) {
  Pass(Direction::kDown, [status](Connection& c) { c.TellAgent(status); });
}

}  // namespace fleet::sim
