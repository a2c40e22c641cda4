#include "controller/event_router.h"

#include <utility>

#include "absl/time/time.h"
#include "controller/agent_sessions.h"
#include "controller/host_commands.h"
#include "controller/host_placement.h"
#include "controller/log_tails.h"
#include "controller/rollout_driver.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

constexpr absl::Duration kPlaceAgain = absl::Seconds(5);

}  // namespace

void EventRouter::Connect(RolloutDriver& driver, HostPlacement& placement,
                          AgentSessions& sessions, LogTails& tails,
                          HostCommands& commands) {
  driver_ = &driver;
  placement_ = &placement;
  sessions_ = &sessions;
  tails_ = &tails;
  commands_ = &commands;
}

void EventRouter::OnHostConnected(const std::string& host) {
  PlaceOn(host);
  driver_->OnHostChanged(host);
  tails_->OnHostConnected(host);
}

void EventRouter::OnHostDisconnected(const std::string& host,
                                     const std::string& why) {
  driver_->OnHostChanged(host);
  tails_->OnHostDisconnected(host, why);
  commands_->OnHostDisconnected(host);
}

void EventRouter::OnHostLabelsChanged(const std::string& host) {
  PlaceOn(host);
  driver_->OnHostChanged(host);
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
  commands_->OnResult(host, result);
}

void EventRouter::OnTargetChanged(const std::string& host,
                                  const std::string& app_uid) {
  if (sessions_ != nullptr) sessions_->AddTarget(host, app_uid);
}

void EventRouter::OnRolloutEnded(const std::string& app_uid) {
  loop_.Post([this, app_uid, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) PlaceApp(app_uid);
  });
}

void EventRouter::PlaceOn(const std::string& host) {
  absl::Status status = placement_->PlaceOn(host);
  if (!status.ok()) PlaceLater([this, host] { PlaceOn(host); }, status);
}

void EventRouter::PlaceApp(const std::string& app_uid) {
  absl::Status status = placement_->PlaceApp(app_uid);
  if (!status.ok()) PlaceLater([this, app_uid] { PlaceApp(app_uid); }, status);
}

void EventRouter::PlaceLater(std::function<void()> place,
                             const absl::Status& why) {
  spdlog::error("placement not saved, trying again: {}",
                std::string(why.message()));
  loop_.AddTimerAfter(kPlaceAgain, [alive = std::weak_ptr<int>(alive_),
                                    place = std::move(place)] {
    if (!alive.expired()) place();
  });
}

}  // namespace fleet::controller
