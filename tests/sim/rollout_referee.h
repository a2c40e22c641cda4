// What a controller must never write to its store, nor send.
#ifndef FLEET_TESTS_SIM_ROLLOUT_REFEREE_H_
#define FLEET_TESTS_SIM_ROLLOUT_REFEREE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "controller/rollout/rollout.h"
#include "controller/rollout_ports.h"
#include "controller/store/store.h"
#include "tests/sim/controller_process.h"
#include "tests/sim/memory_store.h"
#include "tests/sim/stopwatch.h"

namespace fleet::sim {

class World;

// A rollout as the commits have told it so far.
struct RolloutRecord {
  controller::Rollout head;  // Without steps.
  std::map<int64_t, controller::HostStep> steps;
  std::map<int64_t, controller::RolloutEvent> events;  // By seq.
  // Hosts that were ever given a target of it.
  std::set<std::string> touched;
  // Since a host was last DONE.
  Stopwatch progress;
  // Of the wave that is under way: in BAKING, and whether a person has ordered
  // something meanwhile (which may have been to promote it).
  Stopwatch baking;
  bool promoted = false;
};

// Looks at every transaction before it is kept, and at what came before it;
// and at every message before it goes out. The numbers are those of the
// invariants in docs/testing.md.
class RolloutReferee : public MemoryStore::Observer,
                       public ControllerProcess::Observer {
 public:
  // `world` outlives it; not used before the first commit.
  explicit RolloutReferee(World& world) : world_(world) {}

  const std::map<std::string, RolloutRecord>& rollouts() const {
    return rollouts_;
  }
  // The app's newest one; nullptr: none.
  const RolloutRecord* Newest(const std::string& app) const;

  // So much time has passed for the rollouts that are not held.
  void Pass(absl::Duration time, const ControllerTime& controller);
  void OnControllerCrash();

  // MemoryStore::Observer.
  void OnSave(const controller::StoreChange& change) override;
  void OnCommit(const controller::RolloutCommit& commit) override;
  // ControllerProcess::Observer.
  void OnSend(const std::string& host,
              const v1::SessionResponse& message) override;

 private:
  void TakeEvents(const controller::RolloutCommit& commit);
  void TakeSteps(const controller::RolloutCommit& commit);
  void TakeRollouts(const controller::RolloutCommit& commit);
  void CheckEvent(const RolloutRecord& record,
                  const controller::RolloutEvent& event);
  void CheckHead(const RolloutRecord& before,
                 const controller::Rollout& after) const;
  void CheckDeadline(RolloutRecord& record,
                     const controller::RolloutEvent& event) const;
  void CheckWave(const RolloutRecord& record,
                 const controller::Rollout& after) const;
  void CheckWayBack(const RolloutRecord& record) const;
  void CheckSlots(const RolloutRecord& record) const;
  void CheckOneActive() const;
  void CheckTargets(const controller::RolloutCommit& commit);
  void CheckTarget(const RolloutRecord& record,
                   const controller::HostTarget& target) const;
  void CheckSuccess(const RolloutRecord& record) const;
  void Trace(const controller::RolloutCommit& commit) const;

  World& world_;
  std::map<std::string, RolloutRecord> rollouts_;  // By uid.
  std::map<std::string, std::string> newest_;      // App → uid.
  // What events have said of a host, by rollout and host.
  std::map<std::pair<std::string, std::string>, controller::HostStepPhase>
      told_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_ROLLOUT_REFEREE_H_
