#include "controller/agent_sessions.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fleet::controller {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr size_t kMaxStreams = 20'000;

}  // namespace

AgentSessions::AgentSessions(EventLoop& loop, SessionEnvironment environment,
                             uint64_t random_seed)
    : loop_(loop), environment_(environment), random_(random_seed) {
  timer_ = loop_.AddTimerAfter(kTick, [this] { Tick(); });
}

AgentSessions::~AgentSessions() { loop_.CancelTimer(timer_); }

AgentSession* AgentSessions::Open(AgentStream& stream) {
  if (going_away_ || sessions_.size() >= kMaxStreams) {
    stream.Close(absl::UnavailableError(
        going_away_ ? "the controller is stopping"
                    : "the controller has too many sessions"));
    return nullptr;
  }
  auto session = std::make_unique<AgentSession>(
      stream, environment_, *this, absl::StrFormat("%016x", random_()));
  AgentSession* opened = session.get();
  sessions_[opened->id()] = std::move(session);
  return opened;
}

void AgentSessions::Forget(AgentSession* session) {
  if (session == nullptr) return;
  session->OnStreamEnded();
  sessions_.erase(std::string(session->id()));
}

void AgentSessions::AddTarget(const std::string& host,
                              const std::string& app_uid) {
  auto found = by_host_.find(host);
  if (found == by_host_.end()) return;
  found->second->AddTarget(app_uid);
  const bool posted = !changed_hosts_.empty();
  changed_hosts_.insert(host);
  if (posted) return;
  loop_.Post([this, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) FlushChanged();
  });
}

void AgentSessions::FlushChanged() {
  for (const std::string& host : std::exchange(changed_hosts_, {})) {
    auto found = by_host_.find(host);
    if (found != by_host_.end()) found->second->Flush();
  }
}

bool AgentSessions::SendCommand(const std::string& host, v1::Command command) {
  auto found = by_host_.find(host);
  return found != by_host_.end() &&
         found->second->SendCommand(std::move(command));
}

void AgentSessions::Cut(const std::string& host, const std::string& reason) {
  auto found = by_host_.find(host);
  if (found == by_host_.end()) return;
  found->second->Cut(reason);
}

void AgentSessions::GoAway(const std::string& reason) {
  going_away_ = true;
  for (const auto& [id, session] : sessions_) session->GoAway(reason);
}

absl::Status AgentSessions::AdmitHello() {
  if (rate_.Admit(loop_.clock().Now())) return absl::OkStatus();
  return absl::UnavailableError(
      "too many agents connect at once; connect again in a few seconds");
}

void AgentSessions::OnLive(AgentSession& session) {
  AgentSession* before = std::exchange(by_host_[session.host()], &session);
  if (before == nullptr) return;
  before->Close(absl::AbortedError(
      absl::StrCat("host ", session.host(), " has opened a newer session")));
}

bool AgentSessions::OnEnded(AgentSession& session) {
  auto found = by_host_.find(session.host());
  if (found == by_host_.end() || found->second != &session) return false;
  by_host_.erase(found);
  return true;
}

void AgentSessions::Tick() {
  timer_ = loop_.AddTimerAfter(kTick, [this] { Tick(); });
  for (const auto& [id, session] : sessions_) session->Tick();
}

}  // namespace fleet::controller
