// A fleet: a controller, hosts, and the network between them.
#ifndef FLEET_TESTS_SIM_WORLD_H_
#define FLEET_TESTS_SIM_WORLD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "fleet/v1/host.pb.h"
#include "tests/sim/agent_process.h"
#include "tests/sim/controller_process.h"
#include "tests/sim/gate_referee.h"
#include "tests/sim/gate_servers.h"
#include "tests/sim/hook_referee.h"
#include "tests/sim/host_referee.h"
#include "tests/sim/link.h"
#include "tests/sim/machine.h"
#include "tests/sim/random.h"
#include "tests/sim/releases.h"
#include "tests/sim/rollout_referee.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"
#include "tests/sim/watcher.h"

namespace fleet::sim {

// A host and what becomes of it.
struct SimHost {
  v1::Host facts;
  ProcessClock clock;
  Machine machine;
  Link link;
  std::unique_ptr<AgentProcess> agent;  // nullptr: none lives.
  // Somebody took it out of the rack; its agent never comes back.
  bool gone = false;
  // When a dead agent comes back. Agents are started again by their keeper.
  absl::Duration restart_delay = absl::Milliseconds(50);
  absl::Time off_until = absl::InfinitePast();  // The machine.
  // No partition of it ends any more.
  bool cut_for_good = false;
  int64_t starts = 0;
  int crashes = 0;  // Of its workers, that a story brought about.
};

// Everything that happens is in step with one timeline, and drawn from one
// seed. A program that died by its lifeline is cleared away before the next
// step, and started again after a while. Not movable.
class World {
 public:
  explicit World(uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The next thing that happens. False: nothing does before `limit`.
  bool Step(absl::Time limit);
  // Until then, or the first violation.
  void RunFor(absl::Duration time);
  // As long as it is false, at most so long. True: it is true now.
  bool RunUntil(const std::function<bool()>& condition, absl::Duration limit);

  // ------------------------------------------------------------------ hosts
  SimHost& AddHost(const std::string& name, const std::string& zone);
  SimHost& host(const std::string& name) { return *hosts_.at(name); }
  const std::map<std::string, std::unique_ptr<SimHost>>& hosts() const {
    return hosts_;
  }
  void CrashAgent(const std::string& name);
  // All of it stops at once and boots `off` later.
  void LosePower(const std::string& name, absl::Duration off);
  void TakeAway(const std::string& name);

  // ------------------------------------------------------------- controller
  void StartController();
  // It comes back `down` later. `silently`: its machine dies.
  void CrashController(absl::Duration down, bool silently);
  // How long it is away when its lifeline ends.
  void SetControllerDowntime(absl::Duration down) { downtime_ = down; }
  // It must still wait for hosts that have not called it.
  bool JustStarted() const;
  // nullptr: it is down, or about to be.
  controller::FleetCore* core();

  const std::string& violation() const { return verdict.violation(); }

  Timeline timeline;
  Trace trace;
  Verdict verdict;
  Random random;
  FleetDisk disk;
  Releases releases;
  ProcessClock controller_clock;
  HookReferee hook_referee;
  GateReferee gate_referee;
  GateServers gate_servers;
  HostReferee host_referee;
  RolloutReferee rollout_referee;
  ControllerProcess controller;
  Watcher watcher;

 private:
  void StartAgent(SimHost& host);
  void BuryAgent(SimHost& host, bool silently);
  void Bury();
  void Measure(absl::Time before);

  std::map<std::string, std::unique_ptr<SimHost>> hosts_;
  absl::Duration downtime_ = absl::Seconds(2);
  absl::Time controller_start_ = absl::InfiniteFuture();
  int64_t steps_at_once_ = 0;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_WORLD_H_
