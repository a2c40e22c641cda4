// Brings what agents say and what changes to whoever acts on it.
#ifndef FLEET_CONTROLLER_EVENT_ROUTER_H_
#define FLEET_CONTROLLER_EVENT_ROUTER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "controller/app_registry.h"
#include "controller/session_listener.h"
#include "proto/rpc/event_loop.h"

namespace fleet::controller {

class AgentSessions;
class HostCommands;
class HostPlacement;
class LogTails;
class RolloutDriver;

// Loop thread only. Owned by Controller, which connects it before the first
// session.
class EventRouter : public SessionListener, public TargetListener {
 public:
  explicit EventRouter(EventLoop& loop) : loop_(loop) {}

  // All must outlive the last event.
  void Connect(RolloutDriver& driver, HostPlacement& placement,
               AgentSessions& sessions, LogTails& tails,
               HostCommands& commands);

  // The host belongs to other apps' `hosts` than before.
  void OnHostLabelsChanged(const std::string& host);

  // SessionListener.
  void OnHostConnected(const std::string& host) override;
  void OnHostDisconnected(const std::string& host,
                          const std::string& why) override;
  void OnAppReported(const std::string& host,
                     const std::string& app_uid) override;
  void OnLogChunk(const std::string& host, const v1::LogChunk& chunk) override;
  void OnCommandResult(const std::string& host,
                       const v1::CommandResult& result) override;

  // TargetListener.
  void OnTargetChanged(const std::string& host,
                       const std::string& app_uid) override;
  void OnRolloutEnded(const std::string& app_uid) override;

 private:
  // A placement that the store would not take is tried again until it does.
  void PlaceOn(const std::string& host);
  void PlaceApp(const std::string& app_uid);
  void PlaceLater(std::function<void()> place, const absl::Status& why);

  EventLoop& loop_;
  RolloutDriver* driver_ = nullptr;
  HostPlacement* placement_ = nullptr;
  AgentSessions* sessions_ = nullptr;
  LogTails* tails_ = nullptr;
  HostCommands* commands_ = nullptr;
  // Tasks on the loop look whether this is still there.
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_EVENT_ROUTER_H_
