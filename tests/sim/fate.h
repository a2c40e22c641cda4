// What befalls a fleet: faults, and what people do.
#ifndef FLEET_TESTS_SIM_FATE_H_
#define FLEET_TESTS_SIM_FATE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/sim/operator.h"
#include "tests/sim/random.h"
#include "tests/sim/world.h"

namespace fleet::sim {

struct Happening {
  absl::Duration at;  // From the beginning of the story.
  size_t kind = 0;    // Row of the table in fate.cc.
  // Of its details: which host, how long. So that leaving out one happening
  // changes no other.
  uint64_t seed = 0;
};

// Brings about one happening after the other. What lasts for a while ends by
// itself, on the timeline.
class Fate {
 public:
  // Both outlive it.
  Fate(World& world, Operator& ann) : world_(world), ann_(ann) {}

  // In the order in which they happen; some 5 to 60 within `length`.
  static std::vector<Happening> Draw(Random random, absl::Duration length);
  static const char* Name(const Happening& happening);

  void Befall(const Happening& happening);
  // A new host, with the next number.
  void AddHost(const std::string& zone);
  // Faults that last end now. Some hosts stay cut off for good.
  void Relent(Random& random);

 private:
  struct Row;
  static const std::vector<Row>& Table();

  SimHost& AnyHost(Random& random);

  void ControllerDies(Random& random);
  void ControllerDiesMidway(Random& random);
  void ControllerDiskFull(Random& random);
  void AgentDies(Random& random);
  void AgentDiesMidway(Random& random);
  void AgentDiskFull(Random& random);
  void PowerLoss(Random& random);

  void Partition(Random& random);
  void OneWayPartition(Random& random);
  void GreatPartition(Random& random);
  void SlowLink(Random& random);
  void StrayMessages(Random& random);
  void CutOff(SimHost& host, absl::Duration time, bool up, bool down);
  void Degrade(SimHost& host, absl::Duration time, const LinkQuality& quality);

  void WorkerCrashes(Random& random);
  void WorkerUnready(Random& random);
  void WallClockJumps(Random& random);
  void HostComes(Random& random);
  void HostGoes(Random& random);
  void HostCordoned(Random& random);
  void HostUncordoned(Random& random);

  void Apply(Random& random) { ApplyNext(random, false); }
  void ApplySupersede(Random& random) { ApplyNext(random, true); }
  void ApplyNext(Random& random, bool supersede);
  void Reload(Random& random);
  void ReloadSupersede(Random& random);
  void Restart(Random& random);
  void RequestAgain(Random&) { ann_.RepeatLast(); }
  void Pause(Random&) { ann_.Pause().IgnoreError(); }
  void Resume(Random&) { ann_.Resume().IgnoreError(); }
  void Retry(Random&) { ann_.Retry().IgnoreError(); }
  void Abort(Random&) { ann_.Abort().IgnoreError(); }
  void Promote(Random& random) { ann_.Promote(random.OneIn(3)).IgnoreError(); }
  void Undo(Random&) { ann_.Undo().IgnoreError(); }
  void Rollback(Random& random);
  void Scale(Random& random);
  void Stop(Random&) { ann_.Stop().IgnoreError(); }
  void Start(Random&) { ann_.Start().IgnoreError(); }
  void Roll(Random& random, controller::RolloutKind kind, bool supersede);

  World& world_;
  Operator& ann_;
  int hosts_ = 0;
  int requests_ = 0;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_FATE_H_
