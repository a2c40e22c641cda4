#include "tests/sim/machine_runtime.h"

#include <utility>

namespace fleet::sim {

using agent::AdoptedWorker;
using agent::WorkerId;

std::vector<AdoptedWorker> MachineRuntime::Adopt(SpecOf spec_of,
                                                 void* context) {
  std::vector<AdoptedWorker> adopted;
  for (AdoptedWorker& worker : machine_.Inventory()) {
    const Process* process = machine_.Find(worker.identity.id);
    if (spec_of(context, worker.identity) == nullptr) {
      StopUnknown(*process);
      continue;
    }
    adopted.push_back(std::move(worker));
  }
  return adopted;
}

// As the real one: nobody else asks for it.
void MachineRuntime::StopUnknown(const Process& process) {
  const WorkerId id = process.identity.id;
  if (process.exited) return;
  machine_.BeginStop(id);
  timeline_.After(process.spec->stop.kill_timeout,
                  [machine = &machine_, id] { machine->Kill(id); });
}

absl::Status MachineRuntime::PrepareSockets(const std::string&,
                                            const AppSpec& spec, int) {
  if (programs_.CanListen(machine_.name(), spec)) return absl::OkStatus();
  return absl::AlreadyExistsError(
      "tcp://0.0.0.0:3000 is in use by another program");
}

void MachineRuntime::Start(const agent::WorkerIdentity& identity,
                           std::shared_ptr<const AppSpec> spec, int) {
  if (!life_.Before()) return;
  machine_.Start(identity, std::move(spec));
  life_.After();
}

void MachineRuntime::BeginStop(WorkerId id) {
  if (!life_.Before()) return;
  machine_.BeginStop(id);
  life_.After();
}

void MachineRuntime::Kill(WorkerId id) {
  if (!life_.Before()) return;
  machine_.Kill(id);
  life_.After();
}

std::vector<std::string> MachineRuntime::StderrTail(WorkerId id, int) const {
  const Process* process = machine_.Find(id);
  if (process == nullptr || !process->exited) return {};
  return {"Error: " + process->exit.message};
}

std::vector<agent::WorkerSample> MachineRuntime::Sample() {
  std::vector<agent::WorkerSample> samples;
  for (const auto& [id, process] : machine_.processes()) {
    if (!process.live()) continue;
    agent::WorkerSample& sample = samples.emplace_back();
    sample.id = id;
    sample.rss_bytes = kWorkerBytes;
    sample.cpu_cores = 0.1;
  }
  return samples;
}

}  // namespace fleet::sim
