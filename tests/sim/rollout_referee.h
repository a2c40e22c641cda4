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
#include "tests/sim/admission_referee.h"
#include "tests/sim/controller_process.h"
#include "tests/sim/deadline_referee.h"
#include "tests/sim/memory_store.h"
#include "tests/sim/policy_referee.h"
#include "tests/sim/rollout_record.h"
#include "tests/sim/wave_referee.h"

namespace fleet::sim {

class World;

// Looks at every transaction before it is kept, and at what came before it;
// and at every message before it goes out. The numbers are those of the
// invariants in docs/testing.md.
class RolloutReferee : public MemoryStore::Observer,
                       public ControllerProcess::Observer {
 public:
  // `world` outlives it; not used before the first commit.
  explicit RolloutReferee(World& world);

  const std::map<std::string, RolloutRecord>& rollouts() const {
    return rollouts_;
  }
  // The app's newest one; nullptr: none.
  const RolloutRecord* Newest(const std::string& app) const;

  // Somebody is about to ask for a rollout with this policy.
  void Expect(const RolloutPolicySpec& policy) { policies_.Expect(policy); }

  // So much time has passed.
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
  void CheckAwaited(const controller::RolloutEvent& event) const;
  void CheckTold(const RolloutRecord& record,
                 const controller::RolloutEvent& event) const;
  void CheckHead(const RolloutRecord& before,
                 const controller::Rollout& after) const;
  void CheckHolds(const RolloutRecord& before,
                  const controller::Rollout& after) const;
  void CheckWayBack(const RolloutRecord& record) const;
  void CheckOneActive() const;
  void CheckTargets(const controller::RolloutCommit& commit);
  void CheckTarget(const RolloutRecord& record,
                   const controller::HostTarget& target) const;
  void CheckPlaced(const controller::HostTarget& target) const;
  void CheckSuccess(const RolloutRecord& record) const;
  void Trace(const controller::RolloutCommit& commit) const;

  World& world_;
  AdmissionReferee admissions_;
  DeadlineReferee deadlines_;
  PolicyReferee policies_;
  WaveReferee waves_;
  std::map<std::string, RolloutRecord> rollouts_;  // By uid.
  // Revisions of an app with which a rollout has succeeded.
  std::map<std::string, std::set<int64_t>> proven_;  // By app_uid.
  std::map<std::string, std::string> newest_;        // App → uid.
  // What events have said of a host, by rollout and host.
  std::map<std::pair<std::string, std::string>, controller::HostStepPhase>
      told_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_ROLLOUT_REFEREE_H_
