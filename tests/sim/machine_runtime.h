// A machine's processes as one agent has them.
#ifndef FLEET_TESTS_SIM_MACHINE_RUNTIME_H_
#define FLEET_TESTS_SIM_MACHINE_RUNTIME_H_

#include <memory>
#include <string>
#include <vector>

#include "node_agent/worker_runtime.h"
#include "tests/sim/lifeline.h"
#include "tests/sim/machine.h"

namespace fleet::sim {

// Passes orders on while its agent lives, and events back.
class MachineRuntime : public agent::WorkerRuntime {
 public:
  // All outlive it.
  MachineRuntime(Machine& machine, Programs& programs, Timeline& timeline,
                 Lifeline& life)
      : machine_(machine),
        programs_(programs),
        timeline_(timeline),
        life_(life) {}
  ~MachineRuntime() override { machine_.SetListener(nullptr); }

  void SetListener(agent::WorkerListener* listener) override {
    machine_.SetListener(listener);
  }
  std::vector<agent::AdoptedWorker> Adopt(SpecOf spec_of,
                                          void* context) override;
  absl::Status PrepareSockets(const std::string& app_uid, const AppSpec& spec,
                              int slots) override;
  void Start(const agent::WorkerIdentity& identity,
             std::shared_ptr<const AppSpec> spec, int slots) override;
  void BeginStop(agent::WorkerId id) override;
  void Kill(agent::WorkerId id) override;
  void Signal(agent::WorkerId, int) override {}
  absl::Status Send(agent::WorkerId, const std::string&) override {
    return absl::OkStatus();
  }
  void CallAction(agent::WorkerId, const agent::ActionRequest&,
                  agent::ActionDone) override {}
  std::vector<agent::Fact> Inspect(agent::WorkerId) override { return {}; }
  std::vector<agent::LimitNote> LimitsOf(const AppSpec&) override { return {}; }
  void ReleaseSlot(const std::string&, int) override {}
  void ReleaseApp(const std::string&) override {}
  std::vector<std::string> StderrTail(agent::WorkerId id,
                                      int lines) const override;
  std::vector<agent::WorkerSample> Sample() override;

 private:
  void StopUnknown(const Process& process);

  Machine& machine_;
  Programs& programs_;
  Timeline& timeline_;
  Lifeline& life_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_MACHINE_RUNTIME_H_
