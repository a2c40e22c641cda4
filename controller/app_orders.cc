#include "controller/app_orders.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

bool EveryHost(const std::string& selector) {
  return selector.empty() || selector == "all";
}

int StoppedIn(const HostTarget& target) {
  return static_cast<int>(
      std::count_if(target.slot_orders.begin(), target.slot_orders.end(),
                    [](const auto& entry) { return entry.second.stopped; }));
}

// Where the app is stopped, the others are stopped from now on.
void StartSlotOf(HostTarget& target, int slot, int instances) {
  if (target.run_state == RunState::kStopped) {
    target.run_state = RunState::kRunning;
    target.slot_orders.clear();
    for (int i = 0; i < instances; ++i) target.slot_orders[i].stopped = true;
  }
  target.slot_orders[slot].stopped = false;
  ++target.slot_orders[slot].start_nonce;
}

// The number must be one that a spec could have.
absl::Status CheckInstances(const AppEntry& app, int instances) {
  AppSpec spec = app.record.spec;
  spec.instances = instances;
  absl::Status valid = ValidateAppSpec(spec);
  if (valid.ok()) return valid;
  return ErrorWithReason(valid.code(), ToStd(valid.message()),
                         {"SPEC_INVALID", {{"app", app.record.name}}});
}

}  // namespace

absl::Status AppOrders::EditTargets(
    const AppOrder& order, const Edit& edit,
    const std::function<void(AppRecord&)>& edit_app) {
  ASSIGN_OR_RETURN(const AppEntry* app, registry_.Require(order.app));
  ASSIGN_OR_RETURN(std::vector<std::string> hosts,
                   registry_.HostsOf(order.app, order.hosts));
  StoreChange change;
  change.answer = order.answer;
  for (const std::string& host : hosts) {
    HostTarget target = app->targets.at(host);
    ASSIGN_OR_RETURN(bool changed, edit(target));
    if (!changed) continue;
    ++target.serial;
    change.targets.push_back(std::move(target));
  }
  AppRecord record = app->record;
  record.update_time = clock_.WallNow();
  ++record.version;
  edit_app(record);
  change.apps.push_back(std::move(record));
  return registry_.Save(change);
}

absl::Status AppOrders::Scale(const AppOrder& order, int instances,
                              bool relative) {
  ASSIGN_OR_RETURN(const AppEntry* app, registry_.Require(order.app));
  if (!relative) RETURN_IF_ERROR(CheckInstances(*app, instances));
  int last = instances;
  const Edit edit = [&](HostTarget& target) -> absl::StatusOr<bool> {
    if (relative) {
      ASSIGN_OR_RETURN(last, Raise(target, instances));
      RETURN_IF_ERROR(CheckInstances(*app, last));
    }
    const bool changed = std::exchange(target.instances, last) != last;
    std::erase_if(target.slot_orders, [&](const auto& entry) {
      return entry.first >= InstancesOf(target);
    });
    return changed;
  };
  return EditTargets(order, edit, [&](AppRecord& record) {
    if (EveryHost(order.hosts)) record.spec.instances = last;
  });
}

// "max" and its kin count the cores of the host.
int AppOrders::InstancesOf(const HostTarget& target) const {
  if (target.instances > 0) return target.instances;
  const KnownHost* host = hosts_.Find(target.host);
  return ResolveInstances(target.instances,
                          host == nullptr ? 1 : host->record.cores);
}

absl::StatusOr<int> AppOrders::Raise(const HostTarget& target, int by) const {
  const int now = InstancesOf(target);
  if (now + by >= 1) return now + by;
  return absl::InvalidArgumentError(
      absl::StrCat(target.app, " has ", now, " instances on ", target.host,
                   "; ", by, " leaves none: use stop"));
}

absl::Status AppOrders::Stop(const AppOrder& order) {
  const Edit edit = [](HostTarget& target) -> absl::StatusOr<bool> {
    target.slot_orders.clear();
    return std::exchange(target.run_state, RunState::kStopped) !=
           RunState::kStopped;
  };
  return EditTargets(order, edit, [](AppRecord&) {});
}

absl::Status AppOrders::Start(const AppOrder& order) {
  const Edit edit = [](HostTarget& target) -> absl::StatusOr<bool> {
    target.run_state = RunState::kRunning;
    target.slot_orders.clear();
    ++target.start_nonce;
    return true;
  };
  return EditTargets(order, edit, [](AppRecord&) {});
}

// ------------------------------------------------------------- one instance

absl::Status AppOrders::EditSlot(
    const AppOrder& order, int slot,
    const std::function<bool(HostTarget&, int instances)>& edit) {
  ASSIGN_OR_RETURN(const AppEntry* app, registry_.Require(order.app));
  ASSIGN_OR_RETURN(std::vector<std::string> hosts,
                   registry_.HostsOf(order.app, order.hosts));
  int most = 0;
  for (const std::string& host : hosts) {
    most = std::max(most, InstancesOf(app->targets.at(host)));
  }
  if (slot < 0 || slot >= most) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no ", order.app, ".", slot, ": ", order.app,
                     " has ", most, most == 1 ? " instance" : " instances",
                     " on each host, from ", order.app, ".0 on"));
  }
  return EditTargets(
      order,
      [&](HostTarget& target) -> absl::StatusOr<bool> {
        const int instances = InstancesOf(target);
        return slot < instances && edit(target, instances);
      },
      [](AppRecord&) {});
}

absl::Status AppOrders::StopSlot(const AppOrder& order, int slot) {
  return EditSlot(order, slot, [slot](HostTarget& target, int instances) {
    if (target.run_state == RunState::kStopped) return false;
    SlotOrder& wanted = target.slot_orders[slot];
    if (std::exchange(wanted.stopped, true)) return false;
    if (StoppedIn(target) < instances) return true;
    target.slot_orders.clear();
    target.run_state = RunState::kStopped;
    return true;
  });
}

absl::Status AppOrders::StartSlot(const AppOrder& order, int slot) {
  return EditSlot(order, slot, [slot](HostTarget& target, int instances) {
    StartSlotOf(target, slot, instances);
    return true;
  });
}

absl::StatusOr<std::set<std::string>> AppOrders::StartSlotIfStopped(
    const AppOrder& order, int slot) {
  std::set<std::string> started;
  RETURN_IF_ERROR(EditSlot(order, slot, [&](HostTarget& target, int instances) {
    auto wanted = target.slot_orders.find(slot);
    const bool stopped =
        target.run_state == RunState::kStopped ||
        (wanted != target.slot_orders.end() && wanted->second.stopped);
    if (!stopped) return false;
    StartSlotOf(target, slot, instances);
    started.insert(target.host);
    return true;
  }));
  return started;
}

absl::Status AppOrders::Delete(const AppOrder& order) {
  ASSIGN_OR_RETURN(const AppEntry* app, registry_.Require(order.app));
  StoreChange change;
  change.answer = order.answer;
  AppRecord record = app->record;
  for (const auto& [host, target] : app->targets) {
    if (target.removed) continue;
    HostTarget next = target;
    next.removed = true;
    ++next.serial;
    change.targets.push_back(std::move(next));
  }
  if (app->targets.empty()) {
    change.gone_app_uids.push_back(record.uid);
  } else {
    record.deleted = true;
    record.update_time = clock_.WallNow();
    ++record.version;
    change.apps.push_back(std::move(record));
  }
  RETURN_IF_ERROR(driver_.EndForDeletedApp(
      order.app, order.actor, [&] { return store_.Save(change); }));
  registry_.TakeOver(change);
  return absl::OkStatus();
}

absl::Status AppOrders::ConfirmRemoved(const std::string& app_uid,
                                       const std::string& host) {
  const AppEntry* app = registry_.FindByUid(app_uid);
  if (app == nullptr) return absl::OkStatus();
  auto found = app->targets.find(host);
  if (found == app->targets.end() || !found->second.removed) {
    return absl::OkStatus();
  }
  StoreChange change;
  change.gone_targets.push_back({app_uid, host});
  if (app->record.deleted && app->targets.size() == 1) {
    change.gone_app_uids.push_back(app_uid);
  }
  return registry_.Save(change);
}

}  // namespace fleet::controller
