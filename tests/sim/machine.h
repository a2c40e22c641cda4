// One host: its processes and its disk, which outlive its agent.
#ifndef FLEET_TESTS_SIM_MACHINE_H_
#define FLEET_TESTS_SIM_MACHINE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/worker_runtime.h"
#include "tests/sim/behaviour.h"
#include "tests/sim/journal_disk.h"
#include "tests/sim/machine_hooks.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"

namespace fleet::sim {

// A worker as it really is.
struct Process {
  agent::WorkerIdentity identity;
  std::shared_ptr<const AppSpec> spec;
  Behaviour behaviour;
  uint64_t serial = 0;  // Of this machine's process; ids may come again.
  bool started = false;
  bool ready = false;
  absl::Time ready_since;  // On the timeline, when `ready`.
  bool told_to_stop = false;
  bool killed = false;
  bool exited = false;
  agent::WorkerExit exit;
  size_t next_flap = 0;

  // It serves, or is on its way to.
  bool live() const { return !told_to_stop && !killed && !exited; }
};

// The keeper's part: it starts what it is told to, and keeps what lives and how
// it ended while no agent is there.
class Machine {
 public:
  // Told of what the agent does to the workers, before it happens.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void OnStart(const Machine& machine,
                         const agent::WorkerIdentity& identity) = 0;
    // It is asked to end, or killed.
    virtual void OnStop(const Machine& machine, const Process& process,
                        bool kill) = 0;
    // It got ready, or ceased to be, or ended; after it has happened.
    virtual void OnChange(const Machine& machine, const Process& process) = 0;
  };

  struct Ports {
    Timeline& timeline;
    Trace& trace;
    Programs& programs;
    Observer& observer;
    HookProcessTable::Observer& hook_observer;
  };

  Machine(const std::string& name, const Ports& ports)
      : name_(name),
        ports_(ports),
        hooks_(name, {ports.timeline, ports.trace, ports.programs,
                      ports.hook_observer}) {}

  const std::string& name() const { return name_; }
  const std::map<agent::WorkerId, Process>& processes() const {
    return processes_;
  }
  const Process* Find(agent::WorkerId id) const;
  HookProcessTable& hooks() { return hooks_; }
  JournalDisk& disk() { return disk_; }
  const JournalDisk& disk() const { return disk_; }

  // The agent's: who is told of events; nullptr: nobody is there.
  void SetListener(agent::WorkerListener* listener) { listener_ = listener; }
  std::vector<agent::AdoptedWorker> Inventory();
  void Start(const agent::WorkerIdentity& identity,
             std::shared_ptr<const AppSpec> spec);
  void BeginStop(agent::WorkerId id);
  void Kill(agent::WorkerId id);

  // The world's.
  void Crash(agent::WorkerId id, const agent::WorkerExit& exit);
  void SetReady(agent::WorkerId id, bool ready, const std::string& detail);
  // All processes are gone without a trace; what was not synced is lost.
  void LosePower(Random& random);

 private:
  using Event = void (Machine::*)(Process& process);

  // Unless it has ended by then.
  void Later(const Process& process, absl::Duration delay, Event event);
  void OnUp(Process& process);
  void OnFlap(Process& process);
  void OnEnd(Process& process);
  void OnStopped(Process& process);
  void OnTreeGone(Process& process);
  void End(Process& process, const agent::WorkerExit& exit);
  void Gone(agent::WorkerId id);
  void ReportEnded(agent::WorkerId id);

  const std::string name_;
  Ports ports_;
  HookProcessTable hooks_;
  JournalDisk disk_;
  agent::WorkerListener* listener_ = nullptr;
  std::map<agent::WorkerId, Process> processes_;
  uint64_t next_serial_ = 1;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_MACHINE_H_
