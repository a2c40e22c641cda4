// A controller's rollout driver, its store, and a fleet of simulated agents.
#ifndef FLEET_TESTS_CONTROLLER_ROLLOUT_WORLD_H_
#define FLEET_TESTS_CONTROLLER_ROLLOUT_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller/rollout_driver.h"
#include "controller/rollout_ports.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"
#include "tests/controller/fake_rollout_store.h"

namespace fleet::controller {

// An agent that brings 4 instances of "web" to what it was last told, and
// remembers it whatever happens to its session.
struct FakeAgent {
  bool connected = false;
  bool removed = false;
  HostTarget accepted;
  StepReport report;
  int64_t running_revision = 1;
  // How often each generation took effect.
  std::map<int64_t, int> effects;

  void Accept(const HostTarget& target);
  // One step further: APPLYING → VERIFYING → DONE.
  void Work();
  void Fail();
};

// One app "web" (uid "a-1"), whose proven revision 1 runs everywhere as
// generation 1. Nothing happens by itself: Turn runs the driver.
class RolloutWorld : public TargetRegistry, public FleetSource {
 public:
  explicit RolloutWorld(int hosts);
  ~RolloutWorld() override;

  // The controller's process; sessions end with it. Start does not connect.
  void Start();
  void Crash();
  void Restart() {
    Crash();
    Start();
  }

  void Connect(const std::string& host);
  void ConnectAll();
  void Disconnect(const std::string& host);
  void Remove(const std::string& host);
  // The agent works, and reports if it can.
  void Work(const std::string& host);
  void Fail(const std::string& host);

  // Runs the loop until nothing is due.
  void Turn();
  void Pass(absl::Duration d);
  // Work on all hosts and Turn, until nothing changes any more.
  void WorkUntilQuiet();

  NewRollout Deploy(int64_t revision) const;
  // The newest rollout.
  Rollout Now();
  std::string Steps();

  // Of the next driver that starts.
  DriverOptions options;
  FakeClock clock;
  EventLoop loop;
  FakeRolloutStore store;
  std::map<std::string, FakeAgent> agents;
  std::unique_ptr<RolloutDriver> driver;  // nullptr: crashed.
  // Hosts and generations in the order in which they were sent.
  std::vector<std::string> sent;

  HostTarget NextTarget(const std::string& app, const std::string& app_uid,
                        const TargetChange& change) const override;
  HostTarget NextTargetForHook(const std::string& app,
                               const std::string& app_uid,
                               const HookOrder& order) const override;
  void OnCommitted(const RolloutCommit& commit) override;
  std::vector<std::string> HostsOf(const std::string& app_uid) const override;
  std::string LabelOf(const std::string& host,
                      const std::string& label) const override;
  HostView View(const std::string& host,
                const std::string& app_uid) const override;

 private:
  void Send(const HostTarget& target);
  void Report(const std::string& host);

  // The controller's memory.
  std::map<std::string, HostTarget> targets_;
  std::map<std::string, StepReport> reports_;
  uint64_t starts_ = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_TESTS_CONTROLLER_ROLLOUT_WORLD_H_
