// What the fleet knows of a rollout's hosts, as the engine sees it.
#ifndef FLEET_CONTROLLER_ROLLOUT_HOST_VIEW_H_
#define FLEET_CONTROLLER_ROLLOUT_HOST_VIEW_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/rollout/gate.h"
#include "controller/rollout/hook_run.h"
#include "controller/rollout/host_step.h"

namespace fleet::controller {

// The instance that is worst off: one that is not ready, else the youngest one
// that has replaced a worker which had ended by itself.
struct InstanceTrouble {
  int slot = -1;  // -1: all is well.
  // How its last worker ended, and why it is not ready now; may be empty.
  std::string last_exit;
  std::string reason;
  // At most 20 lines.
  std::vector<std::string> stderr_tail;

  bool operator==(const InstanceTrouble&) const = default;
};

// One host, and the rollout's app on it.
struct HostView {
  // The host is not (or no longer) part of the fleet.
  bool removed = false;
  // It has a session, and `report` was said in this session (the agent's first
  // message carries everything).
  bool connected = false;
  bool cordoned = false;
  // The rollout that was under way when it was given the app outside of it,
  // until that has ended.
  std::string placed_during;
  StepReport report;
  // Of orders that the host still has. At most 4.
  std::vector<HookReport> hooks;

  // Observed now. Slots that are wanted (0 while the app is stopped there),
  // those with a ready worker, and those with an available one.
  int instances_total = 0;
  int instances_ready = 0;
  int instances_available = 0;
  // Of any instance it runs, 0: none runs.
  int64_t running_revision = 0;
  // Restarts of all its slots so far, and the busiest and the largest worker
  // of the target's generation, as last sampled.
  int64_t restarts = 0;
  double cpu_cores = 0;
  int64_t rss_bytes = 0;
  // For a person; nothing is decided by it.
  InstanceTrouble trouble;

  bool operator==(const HostView&) const = default;
};

// Instances of the host that are not available now.
inline int DownNow(const HostView& view) {
  if (!view.connected || view.removed) return 0;
  return std::max(view.instances_total - view.instances_available, 0);
}

// hosts[i] is the view of rollout.steps[i].
struct FleetView {
  std::vector<HostView> hosts;
  // Instances of the app that are not available on connected hosts that are
  // not of this rollout.
  int down_elsewhere = 0;
  // Hosts that joined while the rollout was under way (they are not of it), and
  // the revision that runs there; 0: none yet.
  std::map<std::string, int64_t> joined;
  // By gate of the policy; may be shorter.
  std::vector<GateAnswer> answers;
  // Steady time until which hosts that are not connected are waited for after
  // a start of the controller.
  absl::Time resync_until = absl::InfinitePast();
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_HOST_VIEW_H_
