#include "node_agent/controller_session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/message_text.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// Used while a Welcome names no periods.
constexpr absl::Duration kDefaultPeriod = absl::Seconds(5);
constexpr absl::Duration kShortestPeriod = absl::Milliseconds(20);
// Silence that ends a session, in heartbeat periods.
constexpr int kSilentPeriods = 3;
constexpr absl::Duration kClockJump = absl::Seconds(30);
// A report is followed by a pause of so many times what it took to build.
constexpr int kReportShare = 5;
constexpr absl::Duration kMostReportPause = absl::Milliseconds(50);
constexpr char kMetricsKey[] = "metrics";

// The controller has understood and does not want us: asking at once again
// would not help.
bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented:
      return true;
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::
        kDoNotUseReservedForFutureExpansionUseDefaultInSwitchInstead_:
      return false;
  }
  return false;
}

absl::Duration Period(const google::protobuf::Duration& period) {
  absl::Duration d = fleet::FromProto(period);
  return d > absl::ZeroDuration() ? std::max(d, kShortestPeriod)
                                  : kDefaultPeriod;
}

}  // namespace

ControllerSession::ControllerSession(EventLoop& loop, Host& host,
                                     Options options)
    : loop_(loop),
      host_(host),
      options_(std::move(options)),
      random_(options_.seed) {}

ControllerSession::~ControllerSession() {
  CancelTimers();
  loop_.CancelTimer(retry_timer_);
  FLEET_CHECK(stream_ == nullptr);
}

// -------------------------------------------------------------- connecting

void ControllerSession::Start() { Connect(); }

void ControllerSession::Connect() {
  retry_timer_ = 0;
  absl::StatusOr<std::shared_ptr<SessionStream>> stream =
      options_.connect(*this);
  if (!stream.ok()) {
    RetryAfter(stream.status());
    return;
  }
  outbox_.emplace(kOutboxCapacity);
  welcomed_ = false;
  own_reason_ = absl::OkStatus();
  go_away_delay_ = absl::ZeroDuration();
  seq_ = 0;
  report_wanted_ = full_wanted_ = false;
  stream_ = *std::move(stream);
  stream_->Start();
  v1::SessionRequest hello;
  *hello.mutable_hello() = host_.MakeHello();
  Push(std::move(hello));
  welcome_timer_ = loop_.AddTimerAfter(options_.welcome_deadline, [this] {
    welcome_timer_ = 0;
    GiveUp(absl::DeadlineExceededError(absl::StrCat(
        "no answer within ", HumanDuration(options_.welcome_deadline))));
  });
}

void ControllerSession::OnEnd(SessionStream* stream,
                              const absl::Status& status) {
  if (stream != stream_.get()) return;
  CancelTimers();
  stream_ = nullptr;
  host_.OnSessionEnd();
  if (stopping_) {
    if (stop_done_) std::exchange(stop_done_, nullptr)();
    return;
  }
  RetryAfter(own_reason_.ok() ? status : own_reason_);
}

void ControllerSession::RetryAfter(const absl::Status& status) {
  absl::Duration delay = NextDelay(status);
  std::string_view why =
      status.ok() ? "it ended the session" : ToStd(status.message());
  if (IsRefusal(status)) {
    spdlog::error("controller {} refuses this host: {}; next attempt in {}",
                  options_.controller, why, HumanDuration(delay));
  } else if (welcomed_ || failures_ == 1) {
    spdlog::warn(
        "no session with controller {}: {}; workers go on, next "
        "attempt in {}",
        options_.controller, why, HumanDuration(delay));
  } else {
    spdlog::debug("no session with controller {}: {}; next attempt in {}",
                  options_.controller, why, HumanDuration(delay));
  }
  welcomed_ = false;
  retry_timer_ = loop_.AddTimerAfter(delay, [this] { Connect(); });
}

absl::Duration ControllerSession::NextDelay(const absl::Status& status) {
  double jitter = std::uniform_real_distribution<double>(0.5, 1)(random_);
  if (IsRefusal(status)) return options_.refused_retry * jitter;
  if (go_away_delay_ > absl::ZeroDuration()) return go_away_delay_;
  failures_ = welcomed_ ? 1 : failures_ + 1;
  absl::Duration delay = options_.first_retry;
  for (int i = 1; i < failures_ && delay < options_.last_retry; ++i) delay *= 2;
  return std::min(delay, options_.last_retry) * jitter;
}

void ControllerSession::GiveUp(absl::Status why) {
  if (stream_ == nullptr) return;
  if (own_reason_.ok()) own_reason_ = std::move(why);
  stream_->Cancel();
}

void ControllerSession::Stop(std::function<void()> done) {
  stopping_ = true;
  stop_done_ = std::move(done);
  loop_.CancelTimer(std::exchange(retry_timer_, 0));
  if (stream_ == nullptr) {
    loop_.Post(std::exchange(stop_done_, nullptr));
    return;
  }
  stream_->Cancel();
}

void ControllerSession::CancelTimers() {
  for (EventLoop::TimerId* timer :
       {&welcome_timer_, &report_timer_, &heartbeat_timer_, &metrics_timer_}) {
    loop_.CancelTimer(std::exchange(*timer, 0));
  }
}

void ControllerSession::RestartTimer(EventLoop::TimerId& timer,
                                     absl::Duration delay,
                                     void (ControllerSession::*what)()) {
  loop_.CancelTimer(timer);
  timer = loop_.AddTimerAfter(delay, [this, &timer, what] {
    timer = 0;
    (this->*what)();
  });
}

// --------------------------------------------------------------- receiving

void ControllerSession::OnMessage(SessionStream* stream,
                                  const v1::SessionResponse& message) {
  if (stream != stream_.get() || !own_reason_.ok() || stopping_) return;
  last_received_ = loop_.clock().Now();
  if (!welcomed_ && !message.has_welcome() && !message.has_go_away()) {
    GiveUp(absl::InternalError("it did not begin with a Welcome"));
    return;
  }
  Dispatch(message);
}

void ControllerSession::Dispatch(const v1::SessionResponse& message) {
  switch (message.message_case()) {
    case v1::SessionResponse::kWelcome:
      OnWelcome(message.welcome());
      return;
    case v1::SessionResponse::kDesiredState:
      OnDesiredState(message.desired_state());
      return;
    case v1::SessionResponse::kCommand:
      OnCommand(message.command());
      return;
    case v1::SessionResponse::kHeartbeat:
      if (message.heartbeat().has_time()) {
        LearnClock(message.heartbeat().time());
      }
      return;
    case v1::SessionResponse::kResync:
      full_wanted_ = true;
      SendReport();
      return;
    case v1::SessionResponse::kGoAway:
      OnGoAway(message.go_away());
      return;
    case v1::SessionResponse::MESSAGE_NOT_SET:
      return;  // Of a newer controller.
  }
}

void ControllerSession::OnWelcome(const v1::Welcome& welcome) {
  if (welcome.epoch() < host_.epoch()) {
    GiveUp(absl::FailedPreconditionError(absl::StrCat(
        "its epoch ", welcome.epoch(), " is lower than ", host_.epoch(),
        ", which this host has accepted: it is an older controller, or its "
        "store was restored from a backup")));
    return;
  }
  loop_.CancelTimer(std::exchange(welcome_timer_, 0));
  welcomed_ = true;
  controller_clock_ = -absl::InfiniteDuration();
  if (welcome.has_time()) LearnClock(welcome.time());
  heartbeat_period_ = Period(welcome.heartbeat_period());
  metrics_period_ = Period(welcome.metrics_period());
  spdlog::info("session {} with controller {}, epoch {}", welcome.session_id(),
               options_.controller, welcome.epoch());
  RestartTimer(heartbeat_timer_, heartbeat_period_, &ControllerSession::Beat);
  SendMetrics();
  ScheduleReport(options_.report_delay);
  if (options_.on_welcome) options_.on_welcome();
}

// A message that was long on its way, or lay here while we were stopped, shows
// too little, but not by more than kClockJump.
void ControllerSession::LearnClock(
    const google::protobuf::Timestamp& controller_time) {
  absl::Duration shown =
      (fleet::FromProto(controller_time) - absl::UnixEpoch()) -
      (loop_.clock().Now() - absl::UnixEpoch());
  bool jumped_back = shown < controller_clock_ - kClockJump;
  if (shown > controller_clock_ || jumped_back) controller_clock_ = shown;
}

bool ControllerSession::Expired(const v1::Command& command) const {
  return command.has_expire_time() &&
         loop_.clock().Now() + controller_clock_ >
             fleet::FromProto(command.expire_time());
}

void ControllerSession::OnCommand(const v1::Command& command) {
  if (!Expired(command)) {
    host_.RunCommand(command);
    return;
  }
  v1::CommandResult result;
  result.set_id(command.id());
  result.set_code(static_cast<int32_t>(absl::StatusCode::kDeadlineExceeded));
  result.set_message("the command came too late and was not begun");
  SendResult(std::move(result));
}

void ControllerSession::OnDesiredState(const v1::DesiredState& wanted) {
  v1::SessionRequest answer;
  *answer.mutable_desired_state_ack() = host_.Accept(wanted);
  Push(std::move(answer));
}

void ControllerSession::OnGoAway(const v1::GoAway& go_away) {
  go_away_delay_ =
      std::max(fleet::FromProto(go_away.retry_delay()), options_.first_retry);
  GiveUp(absl::UnavailableError(
      absl::StrCat("it is going away: ", go_away.reason())));
}

// ----------------------------------------------------------------- sending

void ControllerSession::Push(v1::SessionRequest message) {
  MendText(message);
  if (outbox_->Push(std::move(message))) {
    Flush();
    return;
  }
  ++dropped_;
  GiveUp(absl::ResourceExhaustedError("it does not read what is sent to it"));
}

void ControllerSession::Flush() {
  if (stream_ == nullptr) return;
  if (const v1::SessionRequest* next = outbox_->BeginWrite()) {
    stream_->Write(next);
  }
}

void ControllerSession::OnWritten(SessionStream* stream) {
  if (stream != stream_.get()) return;
  outbox_->EndWrite();
  Flush();
  if (!welcomed_) return;
  if (report_wanted_) ScheduleReport(absl::ZeroDuration());
  if (outbox_->waiting() < kLogRoom) host_.OnWritable();
}

void ControllerSession::OnChange() {
  report_wanted_ = true;
  if (welcomed_) ScheduleReport(options_.report_delay);
}

void ControllerSession::ScheduleReport(absl::Duration delay) {
  if (report_timer_ != 0) return;
  const absl::Time now = loop_.clock().Now();
  report_timer_ = loop_.AddTimer(std::max(now + delay, next_report_), [this] {
    report_timer_ = 0;
    report_wanted_ = true;
    SendReport();
  });
}

void ControllerSession::SendReport() {
  if (!welcomed_ || stream_ == nullptr || !own_reason_.ok()) return;
  // What changes until the stream is free is told in the same report.
  if (outbox_->is_writing()) {
    report_wanted_ = true;
    return;
  }
  report_wanted_ = false;
  const absl::Time start = loop_.clock().Now();
  v1::SessionRequest message;
  v1::StateReport& report = *message.mutable_state_report();
  bool full = std::exchange(full_wanted_, false);
  if (!host_.FillReport(full, report)) return;
  report.set_full(full);
  report.set_seq(++seq_);
  Push(std::move(message));
  const absl::Time end = loop_.clock().Now();
  next_report_ = end + std::min((end - start) * kReportShare, kMostReportPause);
}

void ControllerSession::SendMetrics() {
  RestartTimer(metrics_timer_, metrics_period_,
               &ControllerSession::SendMetrics);
  v1::SessionRequest message;
  *message.mutable_metrics() = host_.MakeMetrics();
  MendText(message);
  if (!outbox_->PushLatest(kMetricsKey, std::move(message))) ++dropped_;
  Flush();
}

void ControllerSession::Beat() {
  absl::Duration silence = loop_.clock().Now() - last_received_;
  if (silence >= kSilentPeriods * heartbeat_period_) {
    GiveUp(absl::UnavailableError(
        absl::StrCat("nothing was heard for ", HumanDuration(silence))));
    return;
  }
  RestartTimer(heartbeat_timer_, heartbeat_period_, &ControllerSession::Beat);
  v1::SessionRequest message;
  *message.mutable_heartbeat()->mutable_time() =
      ToProtoTimestamp(loop_.clock().WallNow());
  // No report is built while one of these waits, so none overtakes it.
  message.mutable_heartbeat()->set_report_seq(seq_);
  if (!outbox_->PushLatest("heartbeat", std::move(message))) ++dropped_;
  Flush();
}

bool ControllerSession::SendLogChunk(v1::LogChunk&& chunk) {
  if (!welcomed_ || outbox_->waiting() >= kLogRoom) return false;
  v1::SessionRequest message;
  *message.mutable_log_chunk() = std::move(chunk);
  Push(std::move(message));
  return true;
}

void ControllerSession::SendResult(v1::CommandResult result) {
  if (!welcomed_) return;
  v1::SessionRequest message;
  *message.mutable_command_result() = std::move(result);
  Push(std::move(message));
}

}  // namespace fleet::agent
