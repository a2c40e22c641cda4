// Told of what agents say.
#ifndef FLEET_CONTROLLER_SESSION_LISTENER_H_
#define FLEET_CONTROLLER_SESSION_LISTENER_H_

#include <string>

#include "fleet/v1/agent_service.pb.h"

namespace fleet::controller {

// Loop thread only. FleetState is up to date when these are called.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  // It said all that it runs. Also when a new session replaces another.
  virtual void OnHostConnected(const std::string& host) = 0;
  // `why` is for people.
  virtual void OnHostDisconnected(const std::string& host,
                                  const std::string& why) = 0;
  virtual void OnAppReported(const std::string& host,
                             const std::string& app_uid) = 0;
  virtual void OnLogChunk(const std::string& host,
                          const v1::LogChunk& chunk) = 0;
  virtual void OnCommandResult(const std::string& host,
                               const v1::CommandResult& result) = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_SESSION_LISTENER_H_
