#include "controller/agent_session.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/name_rules.h"
#include "controller/store/host_proto.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

// Periods of silence after which the other side is given up.
constexpr int kSilentPeriods = 3;
constexpr int kMaxLabels = 64;
constexpr size_t kMaxHostBytes = 16 << 10;
// Before an agent that was sent away connects again.
constexpr absl::Duration kRetryDelay = absl::Milliseconds(500);
// Before a target is offered again to a host that had no room for it.
constexpr absl::Duration kOfferAgain = absl::Seconds(10);

// The target is as good as it was; the host may be able to take it later.
bool MayPass(int code) {
  return code != static_cast<int>(absl::StatusCode::kInvalidArgument) &&
         code != static_cast<int>(absl::StatusCode::kFailedPrecondition) &&
         code != static_cast<int>(absl::StatusCode::kAlreadyExists);
}

}  // namespace

AgentSession::AgentSession(AgentStream& stream, SessionEnvironment& environment,
                           SessionPeers& peers, std::string id)
    : stream_(stream),
      env_(environment),
      peers_(peers),
      id_(std::move(id)),
      last_heard_(env_.clock.Now()),
      last_sent_(last_heard_) {}

void AgentSession::OnMessage(const v1::SessionRequest& request) {
  if (phase_ == Phase::kEnded) return;
  last_heard_ = env_.clock.Now();
  if (phase_ == Phase::kWaiting) {
    if (request.has_hello()) return OnHello(request.hello());
    return Close(absl::FailedPreconditionError(
        "the first message of a session must be Hello"));
  }
  env_.hosts.Heard(host_);
  switch (request.message_case()) {
    case v1::SessionRequest::kHello:
      return Close(absl::FailedPreconditionError(
          "a second Hello in one session; open a new stream instead"));
    case v1::SessionRequest::kStateReport:
      return OnStateReport(request.state_report());
    case v1::SessionRequest::kDesiredStateAck:
      return OnAck(request.desired_state_ack());
    case v1::SessionRequest::kMetrics:
      return OnMetrics(request.metrics());
    case v1::SessionRequest::kLogChunk:
      return env_.listener.OnLogChunk(host_, request.log_chunk());
    case v1::SessionRequest::kCommandResult:
      return env_.listener.OnCommandResult(host_, request.command_result());
    case v1::SessionRequest::kHeartbeat:
      return OnHeartbeat(request.heartbeat());
    case v1::SessionRequest::MESSAGE_NOT_SET:  // Of a newer agent.
      return;
  }
}

void AgentSession::OnHello(const v1::Hello& hello) {
  absl::Status status = peers_.AdmitHello();
  if (status.ok()) status = CheckHello(hello);
  if (status.ok()) status = Admit(hello);
  if (!status.ok()) {
    spdlog::info("session peer=\"{}\" host={} refused: {}", stream_.peer(),
                 hello.host().name(), std::string(status.message()));
    return Close(status);
  }
  Welcome(hello);
}

absl::Status AgentSession::CheckHello(const v1::Hello& hello) const {
  const v1::Host& host = hello.host();
  RETURN_IF_ERROR(CheckHostName(host.name()));
  const Identity& agent = stream_.identity();
  if (agent.kind == Identity::Kind::kHost && agent.host != host.name()) {
    return absl::PermissionDeniedError(
        absl::StrCat("the certificate is of host ", agent.host,
                     ", and the agent calls "
                     "itself ",
                     host.name(), ": start it with --host-name ", agent.host,
                     ", or let it join as ", host.name()));
  }
  if (host.host_uid().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("host ", host.name(), ": Hello has no host_uid"));
  }
  // It is in every list of hosts.
  if (host.ByteSizeLong() > kMaxHostBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("host ", host.name(), " says ", host.ByteSizeLong(),
                     " bytes of itself; at most ", kMaxHostBytes));
  }
  if (host.labels_size() > kMaxLabels) {
    return absl::InvalidArgumentError(
        absl::StrCat("host ", host.name(), " has ", host.labels_size(),
                     " labels; at most ", kMaxLabels));
  }
  if (hello.epoch() > env_.epoch) {
    return absl::FailedPreconditionError(absl::StrCat(
        "host ", host.name(), " obeyed a controller of epoch ", hello.epoch(),
        ", this one has epoch ", env_.epoch,
        ": its store is older (restored from a copy?) or another fleet's. "
        "Start the right controller, or remove the agent's journal to make "
        "the host obey this one"));
  }
  return absl::OkStatus();
}

// What the administrator fixed when hosts joined is not theirs to change, nor
// to claim: labels decide which apps and secrets a host gets.
void AgentSession::FixLabels(HostRecord& record) const {
  const auto* fixed =
      env_.fixed_labels == nullptr ? nullptr : env_.fixed_labels(record.name);
  if (fixed == nullptr) return;
  std::erase_if(record.labels, [&](const auto& label) {
    const bool claimed = !fixed->contains(label.first) &&
                         env_.is_fixed_label(label.first, label.second);
    if (claimed) {
      spdlog::warn(
          "host host={} says that it has {}={}, which join tokens give; its "
          "own "
          "did not, so that it has not",
          record.name, label.first, label.second);
    }
    return claimed;
  });
  for (const auto& [key, value] : *fixed) record.labels[key] = value;
}

absl::Status AgentSession::Admit(const v1::Hello& hello) {
  HostRecord record = FromProto(hello.host());
  FixLabels(record);
  RETURN_IF_ERROR(env_.hosts.Connect(std::move(record), stream_.peer(),
                                     hello.agent_run_id()));
  host_ = hello.host().name();
  phase_ = Phase::kLive;
  peers_.OnLive(*this);
  return absl::OkStatus();
}

void AgentSession::Welcome(const v1::Hello& hello) {
  spdlog::info("session host={} session={} peer=\"{}\" state=LIVE apps={}",
               host_, id_, stream_.peer(), hello.apps_size());
  v1::SessionResponse response;
  v1::Welcome& welcome = *response.mutable_welcome();
  welcome.set_session_id(id_);
  welcome.set_epoch(env_.epoch);
  *welcome.mutable_heartbeat_period() = ToProtoDuration(env_.heartbeat_period);
  *welcome.mutable_metrics_period() = ToProtoDuration(env_.metrics_period);
  *welcome.mutable_time() = ToProtoTimestamp(env_.clock.WallNow());
  Send(std::move(response));
  env_.state.SetAll(host_, hello.apps());
  desired_.emplace(env_.registry, host_, env_.epoch, env_.secrets);
  ConfirmRemovals(/*after_hello=*/true);
  desired_->AddAll();
  env_.listener.OnHostConnected(host_);
  Flush();
}

void AgentSession::OnStateReport(const v1::StateReport& report) {
  if (report.full()) {
    next_seq_ = report.seq() + 1;
    resync_asked_ = false;
    TakeFullReport(report);
    return;
  }
  if (resync_asked_) return;  // The full one comes.
  if (report.seq() != next_seq_) return AskResync(report.seq());
  ++next_seq_;
  TakeDelta(report);
}

// After the last report of all no other shows that it was lost.
void AgentSession::OnHeartbeat(const v1::Heartbeat& heartbeat) {
  if (heartbeat.has_time()) {
    env_.hosts.HeardClock(host_, fleet::FromProto(heartbeat.time()));
  }
  const bool missed = heartbeat.report_seq() >= next_seq_;
  if (missed && !resync_asked_) AskResync(heartbeat.report_seq());
}

void AgentSession::AskResync(int64_t seq) {
  spdlog::warn("session host={} report={} expected={}: resync", host_, seq,
               next_seq_);
  resync_asked_ = true;
  v1::SessionResponse response;
  response.mutable_resync();
  Send(std::move(response));
}

void AgentSession::TakeFullReport(const v1::StateReport& report) {
  std::set<std::string> touched;
  for (std::string& uid : env_.state.AppsOn(host_)) {
    touched.insert(std::move(uid));
  }
  env_.state.SetAll(host_, report.apps());
  for (const v1::AppStatus& app : report.apps()) touched.insert(app.app_uid());
  ConfirmRemovals(/*after_hello=*/false);
  for (const std::string& uid : touched) {
    env_.listener.OnAppReported(host_, uid);
  }
}

void AgentSession::TakeDelta(const v1::StateReport& report) {
  for (const std::string& uid : report.removed_app_uids()) {
    env_.state.Remove(host_, uid);
  }
  for (const v1::AppStatus& app : report.apps()) env_.state.Set(host_, app);
  if (!report.removed_app_uids().empty()) {
    ConfirmRemovals(/*after_hello=*/false);
  }
  for (const std::string& uid : report.removed_app_uids()) {
    env_.listener.OnAppReported(host_, uid);
  }
  for (const v1::AppStatus& app : report.apps()) {
    env_.listener.OnAppReported(host_, app.app_uid());
  }
}

void AgentSession::OnAck(const v1::DesiredStateAck& ack) {
  AckOutcome outcome = desired_->OnAck(ack);
  for (const SentTarget& target : outcome.refused) {
    spdlog::warn("session host={} app_uid={} serial={} refused: {}", host_,
                 target.app_uid, target.serial, ack.message());
    env_.state.SetRefusal(host_, target.app_uid, target.serial, ack.message());
    env_.listener.OnAppReported(host_, target.app_uid);
    if (MayPass(ack.code())) {
      refused_[target.app_uid] = env_.clock.Now() + kOfferAgain;
    }
  }
  for (const SentTarget& target : outcome.accepted) {
    refused_.erase(target.app_uid);
    if (env_.state.ForgetRefusal(host_, target.app_uid)) {
      env_.listener.OnAppReported(host_, target.app_uid);
    }
  }
  if (!outcome.accepted.empty()) ConfirmRemovals(/*after_hello=*/false);
  Flush();
}

void AgentSession::OfferAgain() {
  bool any = false;
  std::erase_if(refused_, [&](const auto& refused) {
    if (env_.clock.Now() < refused.second) return false;
    desired_->Add(refused.first);
    return any = true;
  });
  if (any) Flush();
}

void AgentSession::OnMetrics(const v1::Metrics& metrics) {
  if (metrics.has_usage()) env_.state.SetUsage(host_, metrics.usage());
  for (const v1::InstanceSample& sample : metrics.samples()) {
    env_.state.SetSample(host_, sample);
  }
}

void AgentSession::ConfirmRemovals(bool after_hello) {
  removal_unsaved_ = false;
  for (const std::string& uid : env_.registry.AppsOn(host_)) {
    const HostTarget* target = env_.registry.FindTarget(uid, host_);
    if (target == nullptr || !Confirmed(*target, after_hello)) continue;
    absl::Status status = env_.orders.ConfirmRemoved(uid, host_);
    if (!status.ok()) {
      spdlog::warn("session host={} app_uid={} removal not saved: {}", host_,
                   uid, std::string(status.message()));
      removal_unsaved_ = true;
      continue;
    }
    // An app that has taken the name may come now.
    for (const std::string& other : env_.registry.AppsOn(host_)) {
      desired_->Add(other);
    }
  }
  if (!after_hello) Flush();
}

bool AgentSession::Confirmed(const HostTarget& target, bool after_hello) const {
  if (!target.removed) return false;
  if (env_.state.Find(host_, target.app_uid) != nullptr) return false;
  return after_hello ||
         desired_->AcceptedSerial(target.app_uid) >= target.serial;
}

void AgentSession::Tick() {
  if (phase_ == Phase::kEnded) return;
  const absl::Time now = env_.clock.Now();
  const absl::Duration silence = now - last_heard_;
  if (silence >= kSilentPeriods * env_.heartbeat_period) {
    return Evict(absl::DeadlineExceededError(
        absl::StrCat(live() ? absl::StrCat("host ", host_, " was silent for ")
                            : "no Hello came for ",
                     absl::FormatDuration(silence))));
  }
  if (live() && removal_unsaved_) ConfirmRemovals(/*after_hello=*/false);
  if (live()) OfferAgain();
  if (live() && now - last_sent_ >= env_.heartbeat_period) {
    v1::SessionResponse response;
    *response.mutable_heartbeat()->mutable_time() =
        ToProtoTimestamp(env_.clock.WallNow());
    Send(std::move(response));
  }
}

void AgentSession::AddTarget(const std::string& app_uid) {
  if (live()) desired_->Add(app_uid);
}

void AgentSession::Flush() {
  if (!live()) return;
  std::optional<v1::DesiredState> next = desired_->Next();
  if (!next) return;
  v1::SessionResponse response;
  *response.mutable_desired_state() = *std::move(next);
  Send(std::move(response));
}

bool AgentSession::SendCommand(v1::Command command) {
  if (!live()) return false;
  v1::SessionResponse response;
  *response.mutable_command() = std::move(command);
  Send(std::move(response));
  return live();
}

void AgentSession::GoAway(const std::string& reason) {
  if (live()) {
    v1::SessionResponse response;
    response.mutable_go_away()->set_reason(reason);
    *response.mutable_go_away()->mutable_retry_delay() =
        ToProtoDuration(kRetryDelay);
    Send(std::move(response));
  }
  Close(absl::UnavailableError(reason));
}

void AgentSession::Send(v1::SessionResponse message) {
  last_sent_ = env_.clock.Now();
  if (!stream_.Send(std::move(message))) {
    Evict(absl::ResourceExhaustedError(
        absl::StrCat("host ", host_, " does not read what is sent to it")));
  }
}

void AgentSession::Cut(const std::string& reason) {
  Evict(absl::UnauthenticatedError(reason));
}

void AgentSession::Close(const absl::Status& status) {
  if (phase_ == Phase::kEnded) return;
  stream_.Close(status);
  End(std::string(status.message()));
}

void AgentSession::Evict(const absl::Status& status) {
  if (phase_ == Phase::kEnded) return;
  spdlog::warn("session host={} peer=\"{}\" evicted: {}", host_, stream_.peer(),
               std::string(status.message()));
  stream_.Evict(status);
  End(std::string(status.message()));
}

void AgentSession::End(const std::string& why) {
  if (phase_ == Phase::kEnded) return;
  const bool was_live = live();
  phase_ = Phase::kEnded;
  if (!was_live) {
    peers_.OnEnded(*this);
    return;
  }
  spdlog::info("session host={} session={} state=ENDED", host_, id_);
  if (!peers_.OnEnded(*this)) return;  // Another one has taken its place.
  env_.hosts.Disconnect(host_);
  env_.listener.OnHostDisconnected(host_, why);
}

}  // namespace fleet::controller
