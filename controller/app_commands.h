// One-shot orders to the workers of an app: signals, messages, actions,
// restarts of one instance, its log files.
#ifndef FLEET_CONTROLLER_APP_COMMANDS_H_
#define FLEET_CONTROLLER_APP_COMMANDS_H_

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/app_registry.h"
#include "controller/host_commands.h"
#include "fleet/v1/app_service.pb.h"

namespace fleet::controller {

// For whom an order is.
struct InstanceOrder {
  std::string app;
  // Nothing: all.
  std::optional<int> slot;
  // Empty: every host of the app.
  std::string hosts;
};

// Finds the hosts and sends the command there. Nothing is stored. Loop thread
// only.
class AppCommands {
 public:
  // By host name.
  using Answers = google::protobuf::RepeatedPtrField<v1::HostAnswer>;
  using Done = std::function<void(Answers)>;

  // Both must outlive it.
  AppCommands(const AppRegistry& registry, HostCommands& commands)
      : registry_(registry), commands_(commands) {}

  // `done` is called once, from the loop, if the call succeeds. NOT_FOUND
  // (APP_NOT_FOUND, NO_HOST_MATCHES), INVALID_ARGUMENT, RESOURCE_EXHAUSTED.
  absl::Status Signal(const InstanceOrder& order, int signal, Done done);
  absl::Status Send(const InstanceOrder& order, const std::string& text,
                    Done done);
  absl::Status Reset(const InstanceOrder& order, Done done);
  absl::Status Inspect(const InstanceOrder& order, Done done);
  // `strategy` as in RestartCommand. The hosts of `started` have started the
  // instance just now, and are not asked.
  absl::Status Restart(const InstanceOrder& order, v1::ReloadStrategy strategy,
                       const std::set<std::string>& started, Done done);
  // `request.name`, `slot` and `hosts` are in `order`.
  absl::Status Trigger(const InstanceOrder& order,
                       const v1::TriggerAppRequest& request, Done done);
  absl::Status FlushLogs(const InstanceOrder& order, Done done);
  absl::Status ReopenLogs(const InstanceOrder& order, Done done);

 private:
  absl::StatusOr<v1::InstanceChoice> Choice(const InstanceOrder& order) const;
  absl::Status Run(const InstanceOrder& order, v1::Command command, Done done,
                   absl::Duration limit = HostCommands::kLimit);

  const AppRegistry& registry_;
  HostCommands& commands_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_APP_COMMANDS_H_
