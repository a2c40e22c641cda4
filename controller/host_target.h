// What the controller wants of one app on one host.
#ifndef FLEET_CONTROLLER_HOST_TARGET_H_
#define FLEET_CONTROLLER_HOST_TARGET_H_

#include <cstdint>
#include <map>
#include <string>

#include "controller/rollout/hook_run.h"
#include "controller/rollout/policy.h"

namespace fleet::controller {

enum class RunState { kRunning, kStopped };

// What was ordered for one instance (fleet.v1.SlotOrder).
struct SlotOrder {
  bool stopped = false;
  int64_t start_nonce = 0;
  friend bool operator==(const SlotOrder&, const SlotOrder&) = default;
};

// A row of host_targets and, with the revision's spec, an AppTarget on the
// wire. Owned by AppRegistry; rollouts change it through TargetRegistry.
struct HostTarget {
  std::string app;
  std::string app_uid;
  std::string host;
  // Rises by one with every change of any field.
  int64_t serial = 0;
  // Only rises.
  int64_t generation = 0;
  int64_t revision = 0;
  RunState run_state = RunState::kRunning;
  // As AppSpec.instances.
  int instances = 1;
  bool removed = false;
  StepPolicy step;
  int64_t start_nonce = 0;
  // By slot, of those that the app has. Emptied by a new generation and by
  // orders for the whole app.
  std::map<int, SlotOrder> slot_orders;
  // Run once by the agent, beside the workers; an empty id: none.
  HookOrder once_hook;
  // The host is drained: the workers are stopped whatever run_state says.
  bool drained = false;
  // The rollout that was under way when the host was given the app outside of
  // it: when that ends, the host follows. Empty: none.
  std::string placed_during;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HOST_TARGET_H_
