// The agent's end of AgentService.Session: connects, says what this host runs,
// takes orders, and connects again.
#ifndef FLEET_NODE_AGENT_CONTROLLER_SESSION_H_
#define FLEET_NODE_AGENT_CONTROLLER_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fleet/v1/agent_service.pb.h"
#include "node_agent/session_stream.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/outbox.h"

namespace fleet::agent {

// Loop thread only. There is at most one stream, and on it one outstanding
// write.
//
// Reports: what changes within a few milliseconds is told in one delta, and the
// next one is built only when the last has been written, and when five times as
// long has passed as that one took to build (at most 50 ms): a start of a
// thousand workers is not held up by telling of each. Waiting messages are
// bounded by kOutboxCapacity; a stream on which more waits is ended (the
// controller does not read). Log chunks are refused above kLogRoom.
class ControllerSession : private SessionStream::Listener {
 public:
  // What the session tells, and whom it asks. Outlives it.
  class Host {
   public:
    virtual ~Host() = default;
    // Everything; afterwards nothing counts as changed.
    virtual v1::Hello MakeHello() = 0;
    // `seq` is the session's. False: nothing has changed.
    virtual bool FillReport(bool full, v1::StateReport& report) = 0;
    virtual v1::Metrics MakeMetrics() = 0;
    virtual int64_t epoch() const = 0;
    virtual v1::DesiredStateAck Accept(const v1::DesiredState& wanted) = 0;
    virtual void RunCommand(const v1::Command& command) = 0;
    // There is room for log chunks again.
    virtual void OnWritable() = 0;
    // Commands of the session are void.
    virtual void OnSessionEnd() = 0;
  };

  // A new stream for each attempt. It tells `listener`, the session.
  using Connector =
      std::function<absl::StatusOr<std::shared_ptr<SessionStream>>(
          SessionStream::Listener& listener)>;

  struct Options {
    Connector connect;
    // For the log.
    std::string controller;
    // Called after each Welcome; may be empty.
    std::function<void()> on_welcome;
    // Waits between attempts: from `first_retry` doubling up to `last_retry`,
    // each multiplied by a random factor from 0.5 to 1. A refusal waits for
    // `refused_retry`.
    absl::Duration first_retry = absl::Milliseconds(100);
    absl::Duration last_retry = absl::Seconds(10);
    absl::Duration refused_retry = absl::Seconds(30);
    // For the Welcome.
    absl::Duration welcome_deadline = absl::Seconds(10);
    // After the first change that is not reported yet.
    absl::Duration report_delay = absl::Milliseconds(2);
    uint64_t seed = std::random_device()();
  };

  static constexpr size_t kOutboxCapacity = 256;
  static constexpr size_t kLogRoom = 16;

  ControllerSession(EventLoop& loop, Host& host, Options options);
  // After Stop's `done`, or without an attempt.
  ~ControllerSession() override;
  ControllerSession(const ControllerSession&) = delete;
  ControllerSession& operator=(const ControllerSession&) = delete;

  void Start();
  // Ends the stream, and calls `done` when that has happened.
  void Stop(std::function<void()> done);

  // The host's state differs from what was reported.
  void OnChange();
  // False: no room (see kLogRoom), or no session; then `chunk` is as it was.
  bool SendLogChunk(v1::LogChunk&& chunk);
  void SendResult(v1::CommandResult result);

  bool welcomed() const { return welcomed_; }
  // Messages that were dropped for want of room.
  int64_t dropped() const { return dropped_; }

 private:
  // SessionStream::Listener. Events of a stream that is not the present one are
  // ignored.
  void OnMessage(SessionStream* stream,
                 const v1::SessionResponse& message) override;
  void OnWritten(SessionStream* stream) override;
  void OnEnd(SessionStream* stream, const absl::Status& status) override;

  void Connect();
  void RetryAfter(const absl::Status& status);
  absl::Duration NextDelay(const absl::Status& status);
  void OnWelcome(const v1::Welcome& welcome);
  void LearnClock(const google::protobuf::Timestamp& controller_time);
  void Dispatch(const v1::SessionResponse& message);
  // Its sender has given it up, by the controller's clock.
  bool Expired(const v1::Command& command) const;
  void OnCommand(const v1::Command& command);
  void OnDesiredState(const v1::DesiredState& wanted);
  void OnGoAway(const v1::GoAway& go_away);
  // Ends the stream by ourselves.
  void GiveUp(absl::Status why);
  void Push(v1::SessionRequest message);
  void Flush();
  void ScheduleReport(absl::Duration delay);
  void SendReport();
  void SendMetrics();
  void Beat();
  void RestartTimer(EventLoop::TimerId& timer, absl::Duration delay,
                    void (ControllerSession::*what)());
  void CancelTimers();

  EventLoop& loop_;
  Host& host_;
  const Options options_;
  std::mt19937_64 random_;

  std::shared_ptr<SessionStream> stream_;
  std::optional<Outbox<v1::SessionRequest>> outbox_;  // The stream's.
  bool welcomed_ = false;
  absl::Status own_reason_;  // Why we ended the stream.
  absl::Duration go_away_delay_;
  int failures_ = 0;  // Attempts in a row without a Welcome.

  int64_t seq_ = 0;
  bool report_wanted_ = false;
  absl::Time next_report_ = absl::InfinitePast();  // Not before.
  bool full_wanted_ = false;
  absl::Duration heartbeat_period_;
  absl::Duration metrics_period_;
  absl::Time last_received_;
  // The controller's calendar time less our steady time, nothing taken off for
  // the way between them: the most that any message has shown since the
  // controller's clock last jumped.
  absl::Duration controller_clock_;
  int64_t dropped_ = 0;

  EventLoop::TimerId retry_timer_ = 0;
  EventLoop::TimerId welcome_timer_ = 0;
  EventLoop::TimerId report_timer_ = 0;
  EventLoop::TimerId heartbeat_timer_ = 0;
  EventLoop::TimerId metrics_timer_ = 0;
  bool stopping_ = false;
  std::function<void()> stop_done_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_CONTROLLER_SESSION_H_
