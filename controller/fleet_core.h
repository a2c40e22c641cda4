// All of the controller that is neither gRPC nor a file: its parts, connected.
#ifndef FLEET_CONTROLLER_FLEET_CORE_H_
#define FLEET_CONTROLLER_FLEET_CORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controller/agent_sessions.h"
#include "controller/app_apply.h"
#include "controller/app_commands.h"
#include "controller/app_orders.h"
#include "controller/app_registry.h"
#include "controller/app_view.h"
#include "controller/event_router.h"
#include "controller/fleet_state.h"
#include "controller/host_commands.h"
#include "controller/host_placement.h"
#include "controller/host_registry.h"
#include "controller/log_tails.h"
#include "controller/request_answers.h"
#include "controller/rollout_driver.h"
#include "controller/store/store.h"
#include "proto/rpc/event_loop.h"

namespace fleet::controller {

// What the parts are built from; all outlive the core.
struct CorePorts {
  EventLoop& loop;
  Store& store;
  RolloutStore& rollout_store;
  int64_t epoch = 0;
  // Makes uids.
  uint64_t random_seed = 0;
  // Its epoch is set by the core.
  DriverOptions driver = {};
};

// Used by Controller, which puts services over it, and by tests. Members stand
// in the order in which they depend on each other. Loop thread only.
struct FleetCore {
  explicit FleetCore(const CorePorts& ports);
  ~FleetCore() { registry.SetListener(nullptr); }
  FleetCore(const FleetCore&) = delete;
  FleetCore& operator=(const FleetCore&) = delete;

  // Reads the store and goes on with the rollouts that are under way. Once,
  // before the first session.
  absl::Status Load();

  // Forgets a host and its targets everywhere. As HostRegistry::Remove.
  absl::Status RemoveHost(const std::string& name);

  // Keeps rollouts and new apps away from a host; with cordon.drained its
  // workers are stopped too, and stay so until it is lifted. NOT_FOUND.
  absl::Status CordonHost(const std::string& name, const Cordon& cordon);
  absl::Status UncordonHost(const std::string& name);

  // As HostRegistry::SetLabels; then the host is given what it is to run.
  absl::Status SetHostLabels(const std::string& name, const HostLabels& labels,
                             const std::vector<std::string>& remove);

  Store& store;
  const int64_t epoch;
  HostRegistry hosts;
  AppRegistry registry;
  FleetState state;
  RolloutDriver driver;
  AppOrders orders;
  AppApply apply;
  HostPlacement placement;
  AppView view;
  RequestAnswers answers;
  EventRouter router;
  AgentSessions sessions;
  LogTails tails;
  HostCommands host_commands;
  AppCommands app_commands;

 private:
  absl::Status SetCordon(const std::string& name,
                         const std::optional<Cordon>& cordon);
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_FLEET_CORE_H_
