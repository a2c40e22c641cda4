#include "controller/event_router.h"

#include "controller/agent_sessions.h"
#include "controller/host_placement.h"
#include "controller/log_tails.h"
#include "controller/rollout_driver.h"

namespace fleet::controller {

void EventRouter::Connect(RolloutDriver& driver, HostPlacement& placement,
                          AgentSessions& sessions, LogTails& tails) {
  driver_ = &driver;
  placement_ = &placement;
  sessions_ = &sessions;
  tails_ = &tails;
}

void EventRouter::OnHostConnected(const std::string& host) {
  placement_->PlaceOn(host);
  driver_->OnHostChanged(host);
  tails_->OnHostConnected(host);
}

void EventRouter::OnHostDisconnected(const std::string& host) {
  driver_->OnHostChanged(host);
  tails_->OnHostDisconnected(host);
}

void EventRouter::OnAppReported(const std::string& host,
                                const std::string& app_uid) {
  driver_->OnHostAppChanged(host, app_uid);
}

void EventRouter::OnLogChunk(const std::string& host,
                             const v1::LogChunk& chunk) {
  tails_->OnLogChunk(host, chunk);
}

void EventRouter::OnCommandResult(const std::string& host,
                                  const v1::CommandResult& result) {
  tails_->OnCommandResult(host, result);
}

void EventRouter::OnTargetChanged(const std::string& host,
                                  const std::string& app_uid) {
  if (sessions_ != nullptr) sessions_->AddTarget(host, app_uid);
}

void EventRouter::OnRevisionProven(const std::string& app_uid) {
  loop_.Post([this, app_uid, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) placement_->PlaceApp(app_uid);
  });
}

}  // namespace fleet::controller
