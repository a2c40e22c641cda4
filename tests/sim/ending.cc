#include "tests/sim/ending.h"

#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/app_spec_proto.h"
#include "tests/sim/world.h"

namespace fleet::sim {
namespace {

using agent::JournaledApp;

bool Runs(const v1::AppTarget& target) {
  return !target.removed() && target.run_state() != v1::RUN_STATE_STOPPED;
}

// Each of these says what is missing; nullptr: nothing.
const char* AgentUnrest(const World& world, const SimHost& host) {
  if (host.gone) return nullptr;
  if (host.agent == nullptr) return "no agent runs";
  if (world.hook_referee.RunsOn(host.facts.name())) return "a hook runs";
  for (const auto& [uid, app] : host.agent->journal().apps) {
    const v1::AppTarget& target = app.newest();
    if (target.removed()) return "an app has still to be forgotten";
    if (target.generation() == 0) continue;  // It was there for a hook only.
    if (!app.result || app.result->generation() != target.generation()) {
      return "a step has not ended";
    }
  }
  return nullptr;
}

bool InTouch(const SimHost& host) { return !host.gone && !host.link.cut(); }

const char* TellingUnrest(World& world, const SimHost& host) {
  const std::string& name = host.facts.name();
  controller::FleetCore& core = world.controller.core();
  if (core.hosts.Find(name) == nullptr) return nullptr;  // Removed.
  if (!core.hosts.IsConnected(name)) return "it has no session";
  for (const std::string& uid : core.registry.AppsOn(name)) {
    const controller::HostTarget* target = core.registry.FindTarget(uid, name);
    const v1::AppTarget* accepted = world.host_referee.Accepted(name, uid);
    if (accepted == nullptr || accepted->serial() != target->serial) {
      return "it has not taken its target";
    }
  }
  return nullptr;
}

bool RolloutAtRest(World& world, const std::string& app) {
  const RolloutRecord* newest = world.rollout_referee.Newest(app);
  if (newest == nullptr) return true;
  const controller::RolloutState& state = newest->head.state;
  if (Terminal(state.phase)) return true;
  // A controller that has just started does not wait for long.
  return absl::c_any_of(state.holds, [](const controller::Hold& hold) {
    return hold.kind != controller::HoldKind::kLeaderless;
  });
}

// Slots in which a worker serves.
std::set<int> ServingSlots(const Machine& machine, const std::string& uid) {
  std::set<int> slots;
  for (const auto& [id, process] : machine.processes()) {
    if (process.identity.app_uid == uid && process.live() && process.ready) {
      slots.insert(process.identity.slot);
    }
  }
  return slots;
}

void CheckServes(World& world, const SimHost& host, const JournaledApp& app) {
  const v1::AppTarget& target = app.newest();
  const std::set<int> serving = ServingSlots(host.machine, target.app_uid());
  for (const auto& [slot, generation] : app.slots) {
    auto runs = app.targets.find(generation);
    if (slot >= target.instances() || runs == app.targets.end()) continue;
    const AppSpec spec = FromProto(runs->second.spec());
    if (world.releases.Bad(host.facts.name(), spec)) continue;
    if (serving.contains(slot) || host.crashes >= 3) continue;
    world.verdict.Fail("15", host.facts.name(), " does not run slot ", slot,
                       " of ", target.app(), " (generation ", generation, ")");
  }
}

// What the controller shows is what is there.
void CheckKnown(World& world, const SimHost& host, const JournaledApp& app) {
  const v1::AppTarget& target = app.newest();
  const std::string& name = host.facts.name();
  const controller::ObservedApp* known =
      world.controller.core().state.Find(name, target.app_uid());
  if (known == nullptr) {
    return world.verdict.Fail("reports", "the controller does not know of ",
                              target.app(), " on ", name);
  }
  const v1::Step& step = known->status.step();
  if (known->status.serial() != target.serial() ||
      step.generation() != app.result->generation() ||
      step.phase() != app.result->phase()) {
    world.verdict.Fail(
        "reports", name, " is at s", target.serial(), " g",
        app.result->generation(), " ", v1::StepPhase_Name(app.result->phase()),
        ", the controller says s", known->status.serial(), " g",
        step.generation(), " ", v1::StepPhase_Name(step.phase()));
  }
}

}  // namespace

bool AtRest(World& world, const std::string& app) {
  if (world.core() == nullptr || !RolloutAtRest(world, app)) return false;
  for (const auto& [name, host] : world.hosts()) {
    if (AgentUnrest(world, *host) != nullptr) return false;
    if (InTouch(*host) && TellingUnrest(world, *host) != nullptr) return false;
  }
  return true;
}

std::string Unrest(World& world, const std::string& app) {
  if (world.core() == nullptr) return "the controller is down";
  if (!RolloutAtRest(world, app)) {
    const RolloutRecord& rollout = *world.rollout_referee.Newest(app);
    std::string text =
        absl::StrCat(rollout.head.uid, " is ", Name(rollout.head.state.phase));
    for (const auto& [index, step] : rollout.steps) {
      absl::StrAppend(&text, ", ", step.host, " ", Name(step.phase));
    }
    return text;
  }
  for (const auto& [name, host] : world.hosts()) {
    const char* why = AgentUnrest(world, *host);
    if (why == nullptr && InTouch(*host)) why = TellingUnrest(world, *host);
    if (why != nullptr) return absl::StrCat(name, ": ", why);
  }
  return "";
}

void CheckAtRest(World& world) {
  if (world.verdict.failed() || world.core() == nullptr) return;
  for (const auto& [name, host] : world.hosts()) {
    if (host->gone || host->agent == nullptr) continue;
    for (const auto& [uid, app] : host->agent->journal().apps) {
      if (!Runs(app.newest()) || !app.result) continue;
      CheckServes(world, *host, app);
      const bool told =
          InTouch(*host) && world.controller.core().hosts.Find(name) != nullptr;
      if (told) CheckKnown(world, *host, app);
    }
  }
}

}  // namespace fleet::sim
