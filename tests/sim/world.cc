#include "tests/sim/world.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet::sim {
namespace {

// More than that at one moment is a loop.
constexpr int64_t kMostAtOnce = 200'000;
// For so long a controller that has started may wait for its hosts, and for so
// long it has to.
constexpr absl::Duration kResync = absl::Seconds(12);
constexpr absl::Duration kResyncAtLeast = absl::Seconds(9);

// Each machine booted at a moment of its own.
absl::Time BootTime(Random& random) {
  return absl::FromUnixSeconds(1000 + random.Below(1'000'000));
}

}  // namespace

World::World(uint64_t seed)
    : timeline(Random(seed).Fork("timeline")),
      trace(timeline.now()),
      verdict(trace),
      random(Random(seed).Fork("world")),
      releases(Random(seed).Fork("releases")),
      controller_clock(timeline.now(), BootTime(random)),
      hook_referee(verdict),
      gate_referee(*this),
      gate_servers(timeline, trace, gate_referee, Random(seed).Fork("gates")),
      host_referee(timeline, verdict, hook_referee,
                   [this](const std::string& name) {
                     const SimHost& h = *hosts_.at(name);
                     return h.agent == nullptr ? nullptr : &h.agent->journal();
                   }),
      rollout_referee(*this),
      controller({timeline, trace, disk, rollout_referee, rollout_referee,
                  gate_servers, controller_clock},
                 Random(seed).Fork("controller")),
      watcher(*this) {}

World::~World() {
  controller.Stop(/*silently=*/true);
  for (auto& [name, host] : hosts_) BuryAgent(*host, /*silently=*/true);
}

// ------------------------------------------------------------------ turning

bool World::Step(absl::Time limit) {
  const absl::Time before = timeline.now();
  const bool stepped = timeline.Step(limit);
  Measure(before);
  Bury();
  for (auto& [name, host] : hosts_) {
    if (host->agent != nullptr) host_referee.LookAtJournal(host->machine);
  }
  watcher.Attach();
  return stepped;
}

void World::Measure(absl::Time before) {
  const absl::Duration passed = timeline.now() - before;
  if (passed == absl::ZeroDuration()) {
    if (++steps_at_once_ > kMostAtOnce) {
      verdict.Fail("spin", "so much happens at once that time stands still");
    }
    return;
  }
  steps_at_once_ = 0;
  ControllerTime time;
  time.lives = controller.running();
  time.surely_works = time.lives && !controller.store().full() &&
                      timeline.now() - controller_start_ > kResync;
  rollout_referee.Pass(passed, time);
}

void World::RunFor(absl::Duration time) {
  const absl::Time end = timeline.now() + time;
  while (!verdict.failed() && Step(end)) {
  }
}

bool World::RunUntil(const std::function<bool()>& condition,
                     absl::Duration limit) {
  const absl::Time end = timeline.now() + limit;
  while (!condition()) {
    if (verdict.failed() || !Step(end)) return false;
  }
  return true;
}

// Programs whose lifeline ended in this step.
void World::Bury() {
  if (controller.running() && controller.lifeline().dead()) {
    CrashController(downtime_, /*silently=*/false);
  }
  for (auto& [name, host] : hosts_) {
    if (host->agent != nullptr && host->agent->life().dead()) {
      CrashAgent(name);
    }
  }
}

// -------------------------------------------------------------------- hosts

SimHost& World::AddHost(const std::string& name, const std::string& zone) {
  v1::Host facts;
  facts.set_name(name);
  facts.set_cores(4);
  facts.set_host_uid(absl::StrCat("uid of ", name));
  facts.set_boot_id(absl::StrCat("boot 1 of ", name));
  (*facts.mutable_labels())["zone"] = zone;
  auto host = std::unique_ptr<SimHost>(new SimHost{
      std::move(facts),
      ProcessClock(timeline.now(), BootTime(random)),
      Machine(name, {timeline, trace, releases, host_referee, hook_referee}),
      Link(timeline, random.Fork(name)),
      nullptr,
  });
  SimHost& added = *(hosts_[name] = std::move(host));
  StartAgent(added);
  return added;
}

void World::StartAgent(SimHost& host) {
  if (host.agent != nullptr || host.gone) return;
  if (timeline.now() < host.off_until) return;  // Booting will start it.
  const uint64_t seed =
      random.Fork(absl::StrCat(host.facts.name(), "/", host.starts++)).Next();
  host.agent = std::make_unique<AgentProcess>(
      AgentProcess::Ports{timeline, trace, host.machine, releases, host.link,
                          controller, host.clock, host.facts},
      seed);
  host_referee.OnAgentStart(host.machine);
}

void World::BuryAgent(SimHost& host, bool silently) {
  if (host.agent == nullptr) return;
  host_referee.LookAtJournal(host.machine);
  if (silently) host.agent->LosePower();
  host.agent.reset();
}

void World::CrashAgent(const std::string& name) {
  SimHost& crashed = host(name);
  BuryAgent(crashed, /*silently=*/false);
  timeline.After(crashed.restart_delay,
                 [this, &crashed] { StartAgent(crashed); });
}

void World::LosePower(const std::string& name, absl::Duration off) {
  SimHost& lost = host(name);
  trace.Note(name, "LOSES POWER for ", absl::FormatDuration(off));
  BuryAgent(lost, /*silently=*/true);
  lost.machine.LosePower(random);
  host_referee.OnPowerLoss(lost.machine);
  hook_referee.OnPowerLoss(name);
  lost.facts.set_boot_id(absl::StrCat("boot ", lost.starts + 1, " of ", name));
  lost.off_until = timeline.now() + off;
  timeline.After(off, [this, &lost] { StartAgent(lost); });
}

void World::TakeAway(const std::string& name) {
  SimHost& taken = host(name);
  trace.Note(name, "IS TAKEN AWAY");
  BuryAgent(taken, /*silently=*/true);
  taken.gone = true;
}

// --------------------------------------------------------------- controller

controller::FleetCore* World::core() {
  const bool lives = controller.running() && !controller.lifeline().dead();
  return lives ? &controller.core() : nullptr;
}

void World::StartController() {
  // It plans before Start returns.
  controller_start_ = timeline.now();
  controller.Start();
}

bool World::JustStarted() const {
  return timeline.now() - controller_start_ < kResyncAtLeast;
}

void World::CrashController(absl::Duration down, bool silently) {
  if (!controller.running()) return;
  controller.Stop(silently);
  rollout_referee.OnControllerCrash();
  timeline.After(down, [this] {
    if (!controller.running()) StartController();
  });
}

}  // namespace fleet::sim
