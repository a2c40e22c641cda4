#include "tests/sim/fate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/sim/policy_draw.h"

namespace fleet::sim {
namespace {

using controller::RolloutKind;

constexpr const char* kZones[] = {"a", "b", "c"};

// Mostly short; now and then longer than anything waits.
absl::Duration DrawSpan(Random& random) {
  return random.Between(absl::Milliseconds(100), random.OneIn(4)
                                                     ? absl::Seconds(200)
                                                     : absl::Seconds(30));
}

}  // namespace

struct Fate::Row {
  const char* name;
  int weight;
  void (Fate::*befall)(Random& random);
};

const std::vector<Fate::Row>& Fate::Table() {
  static const std::vector<Row> kTable = {
      {"CONTROLLER_DIES", 4, &Fate::ControllerDies},
      {"CONTROLLER_DIES_MIDWAY", 8, &Fate::ControllerDiesMidway},
      {"CONTROLLER_DISK_FULL", 2, &Fate::ControllerDiskFull},
      {"AGENT_DIES", 4, &Fate::AgentDies},
      {"AGENT_DIES_MIDWAY", 8, &Fate::AgentDiesMidway},
      {"AGENT_DISK_FULL", 2, &Fate::AgentDiskFull},
      {"POWER_LOSS", 2, &Fate::PowerLoss},
      {"PARTITION", 6, &Fate::Partition},
      {"ONE_WAY_PARTITION", 3, &Fate::OneWayPartition},
      {"GREAT_PARTITION", 1, &Fate::GreatPartition},
      {"SLOW_LINK", 3, &Fate::SlowLink},
      {"STRAY_MESSAGES", 3, &Fate::StrayMessages},
      {"WORKER_CRASHES", 7, &Fate::WorkerCrashes},
      {"WORKER_UNREADY", 5, &Fate::WorkerUnready},
      {"WALL_CLOCK_JUMPS", 2, &Fate::WallClockJumps},
      {"HOST_COMES", 2, &Fate::HostComes},
      {"HOST_GOES", 2, &Fate::HostGoes},
      {"HOST_CORDONED", 3, &Fate::HostCordoned},
      {"HOST_UNCORDONED", 4, &Fate::HostUncordoned},
      {"APPLY", 10, &Fate::Apply},
      {"APPLY_SUPERSEDE", 4, &Fate::ApplySupersede},
      {"RELOAD", 6, &Fate::Reload},
      {"RELOAD_SUPERSEDE", 2, &Fate::ReloadSupersede},
      {"RESTART", 3, &Fate::Restart},
      {"REQUEST_AGAIN", 3, &Fate::RequestAgain},
      {"PAUSE", 4, &Fate::Pause},
      {"RESUME", 6, &Fate::Resume},
      {"RETRY", 4, &Fate::Retry},
      {"ABORT", 3, &Fate::Abort},
      {"PROMOTE", 4, &Fate::Promote},
      {"UNDO", 3, &Fate::Undo},
      {"ROLLBACK", 3, &Fate::Rollback},
      {"SCALE", 3, &Fate::Scale},
      {"STOP", 1, &Fate::Stop},
      {"START", 2, &Fate::Start},
  };
  return kTable;
}

std::vector<Happening> Fate::Draw(Random random, absl::Duration length) {
  int sum = 0;
  for (const Row& row : Table()) sum += row.weight;
  const int count = 5 + random.Below(random.OneIn(3) ? 56 : 20);
  std::vector<Happening> happenings;
  for (int i = 0; i < count; ++i) {
    Happening& happening = happenings.emplace_back();
    happening.at = random.Between(absl::ZeroDuration(), length);
    int drawn = random.Below(sum);
    while (drawn >= Table()[happening.kind].weight) {
      drawn -= Table()[happening.kind++].weight;
    }
    happening.seed = random.Next();
  }
  std::stable_sort(
      happenings.begin(), happenings.end(),
      [](const Happening& a, const Happening& b) { return a.at < b.at; });
  return happenings;
}

const char* Fate::Name(const Happening& happening) {
  return Table()[happening.kind].name;
}

void Fate::Befall(const Happening& happening) {
  Random random(happening.seed);
  world_.trace.Note("---", Name(happening));
  (this->*Table()[happening.kind].befall)(random);
}

SimHost& Fate::AnyHost(Random& random) {
  auto it = world_.hosts().begin();
  std::advance(it, random.Below(static_cast<int>(world_.hosts().size())));
  return *it->second;
}

// ---------------------------------------------------------------- programs

void Fate::ControllerDies(Random& random) {
  const absl::Duration down =
      random.Between(absl::Milliseconds(50), absl::Seconds(40));
  world_.CrashController(down, random.OneIn(3));
}

void Fate::ControllerDiesMidway(Random& random) {
  world_.SetControllerDowntime(
      random.Between(absl::Milliseconds(50), absl::Seconds(40)));
  if (world_.controller.running()) {
    world_.controller.lifeline().DieAt(1 + random.Below(40));
  }
}

void Fate::ControllerDiskFull(Random& random) {
  if (!world_.controller.running()) return;
  const int64_t life = world_.controller.life();
  world_.controller.store().SetFull(true);
  world_.timeline.After(
      random.Between(absl::Milliseconds(100), absl::Seconds(40)), [this, life] {
        if (world_.controller.life() != life) return;
        world_.controller.store().SetFull(false);
      });
}

void Fate::AgentDies(Random& random) {
  SimHost& host = AnyHost(random);
  host.restart_delay =
      random.Between(absl::Milliseconds(10),
                     random.OneIn(4) ? absl::Seconds(60) : absl::Seconds(1));
  if (host.agent != nullptr) world_.CrashAgent(host.facts.name());
}

void Fate::AgentDiesMidway(Random& random) {
  SimHost& host = AnyHost(random);
  host.restart_delay = random.Between(absl::Milliseconds(10), absl::Seconds(2));
  if (host.agent != nullptr) host.agent->life().DieAt(1 + random.Below(30));
}

void Fate::AgentDiskFull(Random& random) {
  SimHost& host = AnyHost(random);
  host.machine.disk().full = true;
  world_.timeline.After(
      random.Between(absl::Milliseconds(100), absl::Seconds(20)),
      [&host] { host.machine.disk().full = false; });
}

void Fate::PowerLoss(Random& random) {
  SimHost& host = AnyHost(random);
  if (host.gone) return;
  world_.LosePower(host.facts.name(),
                   random.Between(absl::Seconds(1), absl::Seconds(60)));
}

// ----------------------------------------------------------------- network

void Fate::CutOff(SimHost& host, absl::Duration time, bool up, bool down) {
  world_.trace.Note(host.facts.name(), "IS CUT OFF for ",
                    absl::FormatDuration(time), up && down ? "" : ", one way");
  if (up) host.link.Cut(Direction::kUp);
  if (down) host.link.Cut(Direction::kDown);
  world_.timeline.After(time, [this, &host] {
    if (host.cut_for_good) return;
    world_.trace.Note(host.facts.name(), "IS NOT CUT OFF any more");
    host.link.Heal();
  });
}

void Fate::Partition(Random& random) {
  CutOff(AnyHost(random), DrawSpan(random), true, true);
}

void Fate::OneWayPartition(Random& random) {
  const bool up = random.OneIn(2);
  CutOff(AnyHost(random), DrawSpan(random), up, !up);
}

void Fate::GreatPartition(Random& random) {
  const absl::Duration time = DrawSpan(random);
  for (const auto& [name, host] : world_.hosts()) {
    CutOff(*host, time, true, true);
  }
}

void Fate::Degrade(SimHost& host, absl::Duration time,
                   const LinkQuality& quality) {
  host.link.SetQuality(quality);
  world_.timeline.After(time, [&host] { host.link.SetQuality({}); });
}

void Fate::SlowLink(Random& random) {
  LinkQuality quality;
  quality.latency = random.Between(absl::Milliseconds(50), absl::Seconds(4));
  quality.jitter = random.Between(absl::ZeroDuration(), absl::Seconds(4));
  Degrade(AnyHost(random), DrawSpan(random), quality);
}

void Fate::StrayMessages(Random& random) {
  LinkQuality quality;
  // What is late by so much has been overtaken by the next order.
  quality.jitter = absl::Milliseconds(50) +
                   (random.OneIn(2) ? absl::Seconds(4) : absl::ZeroDuration());
  quality.duplicate_percent = random.Below(60);
  quality.reorder_percent = random.Below(60);
  quality.drop_percent = random.Below(20);
  Degrade(AnyHost(random), DrawSpan(random), quality);
}

// --------------------------------------------------- workers, clocks, hosts

void Fate::WorkerCrashes(Random& random) {
  SimHost& host = AnyHost(random);
  const auto& processes = host.machine.processes();
  if (processes.empty()) return;
  auto it = processes.begin();
  std::advance(it, random.Below(static_cast<int>(processes.size())));
  ++host.crashes;
  host.machine.Crash(it->first,
                     {agent::WorkerExit::Kind::kSignaled, 11, "SIGSEGV"});
}

void Fate::WorkerUnready(Random& random) {
  SimHost& host = AnyHost(random);
  const auto& processes = host.machine.processes();
  if (processes.empty()) return;
  auto it = processes.begin();
  std::advance(it, random.Below(static_cast<int>(processes.size())));
  const agent::WorkerId id = it->first;
  if (!it->second.ready) return;
  host.machine.SetReady(id, false, "GET /health: timeout");
  world_.timeline.After(
      random.Between(absl::Milliseconds(100), absl::Seconds(20)),
      [&host, id] { host.machine.SetReady(id, true, ""); });
}

void Fate::WallClockJumps(Random& random) {
  const absl::Duration jump = absl::Seconds(random.Below(200'000) - 100'000);
  ProcessClock& clock =
      random.OneIn(3) ? world_.controller_clock : AnyHost(random).clock;
  clock.JumpWall(jump);
}

void Fate::AddHost(const std::string& zone) {
  world_.AddHost(absl::StrCat("host-", ++hosts_), zone);
}

void Fate::HostComes(Random& random) { AddHost(kZones[random.Below(3)]); }

void Fate::HostGoes(Random& random) {
  SimHost& host = AnyHost(random);
  if (host.gone) return;
  world_.TakeAway(host.facts.name());
  // It can be removed once the controller has noticed.
  for (int tries = 1; tries <= 4; ++tries) {
    world_.timeline.After(absl::Seconds(20 * tries), [this, &host] {
      const controller::FleetCore* core = world_.core();
      const std::string& name = host.facts.name();
      if (core == nullptr || core->hosts.Find(name) == nullptr) return;
      ann_.RemoveHost(name).IgnoreError();
    });
  }
}

void Fate::HostCordoned(Random& random) {
  const std::string& host = AnyHost(random).facts.name();
  ann_.Cordon(host, random.OneIn(3)).IgnoreError();
}

void Fate::HostUncordoned(Random& random) {
  ann_.Uncordon(AnyHost(random).facts.name()).IgnoreError();
}

// ------------------------------------------------------------------- people

void Fate::ApplyNext(Random& random, bool supersede) {
  const RolloutPolicySpec policy = DrawPolicy(random);
  if (random.OneIn(4)) DrawSpec(random, ann_.spec());
  if (random.OneIn(4)) DrawSpecHooks(random, ann_.spec(), false);
  ann_.Apply(world_.releases.Add(DrawRelease(random)), policy, supersede)
      .IgnoreError();
}

void Fate::Roll(Random& random, RolloutKind kind, bool supersede) {
  const RolloutPolicySpec policy = DrawPolicy(random);
  const std::string request =
      random.OneIn(2) ? absl::StrCat("request-", ++requests_) : "";
  ann_.Roll(kind, policy, supersede, request).IgnoreError();
}

void Fate::Reload(Random& random) { Roll(random, RolloutKind::kReload, false); }

void Fate::ReloadSupersede(Random& random) {
  Roll(random, RolloutKind::kReload, true);
}

void Fate::Restart(Random& random) {
  Roll(random, RolloutKind::kRestart, false);
}

void Fate::Rollback(Random& random) {
  Roll(random, RolloutKind::kRollback, random.OneIn(3));
}

void Fate::Scale(Random& random) {
  ann_.Scale(1 + random.Below(4)).IgnoreError();
}

// ------------------------------------------------------------------ the end

void Fate::Relent(Random& random) {
  world_.trace.Note("---", "FAULTS STOP");
  for (const auto& [name, host] : world_.hosts()) {
    host->machine.disk().full = false;
    host->link.SetQuality({});
    host->restart_delay = absl::Milliseconds(50);
    if (!random.OneIn(8)) {
      host->link.Heal();
      continue;
    }
    world_.trace.Note(name, "STAYS CUT OFF");
    host->cut_for_good = true;
    host->link.Cut(Direction::kUp);
    host->link.Cut(Direction::kDown);
  }
  world_.SetControllerDowntime(absl::Milliseconds(50));
  if (world_.controller.running()) world_.controller.store().SetFull(false);
}

}  // namespace fleet::sim
