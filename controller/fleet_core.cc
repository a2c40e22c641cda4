#include "controller/fleet_core.h"

#include <utility>

#include "proto/rpc/status.h"

namespace fleet::controller {

namespace {

DriverOptions OptionsOf(const CorePorts& ports) {
  DriverOptions options = ports.driver;
  options.epoch = ports.epoch;
  return options;
}

}  // namespace

FleetCore::FleetCore(const CorePorts& ports)
    : store(ports.store),
      epoch(ports.epoch),
      hosts(store, ports.loop.clock()),
      registry(store, hosts),
      state(registry, hosts, ports.loop.clock()),
      driver(ports.loop, ports.rollout_store, registry, state,
             ports.random_seed, OptionsOf(ports)),
      orders(store, registry, hosts, driver, ports.loop.clock()),
      apply(store, registry, hosts, driver, ports.loop.clock(),
            ports.random_seed + 1),
      placement(registry, hosts, driver),
      view(registry, hosts, state, driver),
      answers(store),
      router(ports.loop),
      sessions(ports.loop,
               SessionEnvironment{registry, hosts, state, orders, router,
                                  ports.loop.clock(), epoch},
               ports.random_seed + 2),
      tails(ports.loop, sessions, registry, hosts),
      host_commands(ports.loop, sessions),
      app_commands(registry, host_commands) {
  router.Connect(driver, placement, sessions, tails, host_commands);
}

absl::Status FleetCore::Load() {
  ASSIGN_OR_RETURN(StoredFleet fleet, store.Load());
  hosts.Load(std::exchange(fleet.hosts, {}));
  registry.Load(std::move(fleet));
  registry.SetListener(&router);
  return driver.Start();
}

absl::Status FleetCore::RemoveHost(const std::string& name) {
  StoreChange change;
  for (const std::string& uid : registry.AppsOn(name)) {
    change.gone_targets.push_back({uid, name});
    const AppEntry* app = registry.FindByUid(uid);
    if (app->record.deleted && app->targets.size() == 1) {
      change.gone_app_uids.push_back(uid);
    }
  }
  RETURN_IF_ERROR(hosts.Remove(name, change));
  registry.TakeOver(change);
  state.ForgetHost(name);
  driver.OnHostChanged(name);
  return absl::OkStatus();
}

absl::Status FleetCore::CordonHost(const std::string& name,
                                   const Cordon& cordon) {
  return SetCordon(name, cordon);
}

absl::Status FleetCore::UncordonHost(const std::string& name) {
  RETURN_IF_ERROR(SetCordon(name, std::nullopt));
  // What it has missed.
  router.OnHostLabelsChanged(name);
  return absl::OkStatus();
}

absl::Status FleetCore::SetCordon(const std::string& name,
                                  const std::optional<Cordon>& cordon) {
  const bool drained = cordon.has_value() && cordon->drained;
  StoreChange change;
  for (const std::string& uid : registry.AppsOn(name)) {
    HostTarget target = *registry.FindTarget(uid, name);
    if (target.drained == drained) continue;
    target.drained = drained;
    ++target.serial;
    change.targets.push_back(std::move(target));
  }
  RETURN_IF_ERROR(hosts.SetCordon(name, cordon, change));
  registry.TakeOver(change);
  driver.OnHostChanged(name);
  return absl::OkStatus();
}

absl::Status FleetCore::SetHostLabels(const std::string& name,
                                      const HostLabels& labels,
                                      const std::vector<std::string>& remove) {
  RETURN_IF_ERROR(hosts.SetLabels(name, labels, remove));
  router.OnHostLabelsChanged(name);
  return absl::OkStatus();
}

}  // namespace fleet::controller
