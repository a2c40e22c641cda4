// The hooks of one machine: as they really run, and as one agent has them.
#ifndef FLEET_TESTS_SIM_MACHINE_HOOKS_H_
#define FLEET_TESTS_SIM_MACHINE_HOOKS_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "node_agent/hook_runtime.h"
#include "tests/sim/behaviour.h"
#include "tests/sim/lifeline.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"

namespace fleet::sim {

// The keeper's part: hooks outlive their agent, and how one ended is kept until
// an agent has taken it.
class HookProcessTable {
 public:
  // Told of what really happens, before an agent hears of it.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void OnHookStart(const std::string& host, const agent::HookKey& key,
                             const agent::HookOrder& order) = 0;
    virtual void OnHookEnd(const std::string& host, const agent::HookKey& key,
                           const agent::HookEnd& end) = 0;
  };

  struct Ports {
    Timeline& timeline;
    Trace& trace;
    Programs& programs;
    Observer& observer;
  };

  HookProcessTable(std::string host, const Ports& ports)
      : host_(std::move(host)), ports_(ports) {}

  // The agent's: who is told of ends; nullptr: nobody is there.
  void SetListener(agent::HookRuntime::Listener* listener) {
    listener_ = listener;
  }
  void Run(const agent::HookKey& key, const agent::HookOrder& order);
  // For an agent that starts; ends that nobody has taken are told soon.
  std::vector<agent::HookKey> Inventory();
  // Its end has been taken.
  void Forget(const agent::HookKey& key);

  // All are gone without a trace.
  void LosePower() { runs_.clear(); }

 private:
  struct HookRun {
    agent::HookKey key;
    uint64_t serial = 0;
    bool ended = false;
    agent::HookEnd end;
  };

  HookRun* Find(uint64_t serial);
  void End(uint64_t serial, const agent::HookEnd& end);
  void Tell(uint64_t serial);

  const std::string host_;
  Ports ports_;
  agent::HookRuntime::Listener* listener_ = nullptr;
  std::list<HookRun> runs_;
  uint64_t next_serial_ = 1;
};

// Passes orders on while its agent lives, and ends back.
class MachineHooks : public agent::HookRuntime,
                     private agent::HookRuntime::Listener {
 public:
  // Both outlive it.
  MachineHooks(HookProcessTable& table, Lifeline& life)
      : table_(table), life_(life) {
    table_.SetListener(this);
  }
  ~MachineHooks() override { table_.SetListener(nullptr); }

  void SetHookListener(agent::HookRuntime::Listener* listener) override {
    listener_ = listener;
  }
  void RunHook(const agent::HookKey& key,
               const agent::HookOrder& order) override;
  std::vector<agent::HookKey> AdoptedHooks() const override {
    return table_.Inventory();
  }
  // Of an agent that ends in order; those of the simulation die.
  void KillHooks() override {}

 private:
  void OnHookEnded(const agent::HookKey& key, agent::HookEnd end) override;

  HookProcessTable& table_;
  Lifeline& life_;
  agent::HookRuntime::Listener* listener_ = nullptr;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_MACHINE_HOOKS_H_
