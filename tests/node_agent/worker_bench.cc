#include "tests/node_agent/worker_bench.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node_agent/listen_address.h"

namespace fleet::agent {

WorkerBench::WorkerBench(const std::string& bind_address)
    : bind_address_(bind_address) {
  std::string name = "/tmp/fleet-runtime-XXXXXX";
  folder = mkdtemp(name.data());
  std::filesystem::permissions(folder, std::filesystem::perms(0755));
  MakeRuntime(Inventory());
}

WorkerBench::~WorkerBench() {
  runtime.reset();
  logs.reset();
  std::filesystem::remove_all(folder);
}

std::string WorkerBench::Write(const std::string& name,
                               const std::string& text) const {
  std::string path = absl::StrCat(folder, "/", name);
  std::ofstream(path) << text;
  return path;
}

AppSpec WorkerBench::Spec(const std::string& name,
                          const std::string& script) const {
  AppSpec spec;
  spec.name = name;
  spec.script = script;
  spec.cwd = folder;
  ApplyDefaults(spec);
  return spec;
}

WorkerId WorkerBench::Start(const AppSpec& spec, int slot, int slots) {
  WorkerIdentity identity;
  identity.id = next_id_++;
  identity.app_uid = absl::StrCat(spec.name, "-uid");
  identity.app = spec.name;
  identity.slot = slot;
  identity.generation = 7;
  auto shared = std::make_shared<const AppSpec>(spec);
  specs_[identity.app_uid] = shared;
  runtime->Start(identity, shared, slots);
  return identity.id;
}

std::vector<AdoptedWorker> WorkerBench::MakeRuntime(Inventory inventory) {
  logs = std::make_unique<FakeLogPump>(loop);
  LocalWorkerRuntime::Options options;
  options.host_name = "host-1";
  options.bind_address = bind_address_;
  options.runtime_dir = folder;
  runtime = std::make_unique<LocalWorkerRuntime>(loop, clock, keeper, *logs,
                                                 options, std::move(inventory));
  runtime->SetListener(&listener);
  return runtime->Adopt(
      [](void* context, const WorkerIdentity& identity) {
        auto* self = static_cast<WorkerBench*>(context);
        auto it = self->specs_.find(identity.app_uid);
        return it == self->specs_.end() ? nullptr : it->second;
      },
      this);
}

std::vector<AdoptedWorker> WorkerBench::Restart() {
  Inventory inventory = keeper.TakeInventory();
  keeper.Freeze(true);
  runtime.reset();
  logs.reset();
  keeper.Freeze(false);
  return MakeRuntime(std::move(inventory));
}

bool WorkerBench::Until(const std::function<bool()>& done) {
  absl::Time end = clock.Now() + absl::Seconds(20);
  while (!done()) {
    if (clock.Now() > end) return false;
    loop.RunOnce(absl::Milliseconds(50));
  }
  return true;
}

int WorkerBench::Port(const std::string& name) const {
  Inventory inventory = keeper.TakeInventory();
  for (const Inventory::Held& held : inventory.held) {
    if (absl::StartsWith(held.name, absl::StrCat("sock/", name, "-uid/"))) {
      return LocalPort(held.fd.get());
    }
  }
  return 0;
}

}  // namespace fleet::agent
