// What hooks really did, and what must not be made of it.
#ifndef FLEET_TESTS_SIM_HOOK_REFEREE_H_
#define FLEET_TESTS_SIM_HOOK_REFEREE_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "controller/host_target.h"
#include "controller/rollout/hook_run.h"
#include "fleet/v1/agent_service.pb.h"
#include "tests/sim/machine_hooks.h"
#include "tests/sim/rollout_record.h"
#include "tests/sim/trace.h"

namespace fleet::sim {

// Sees every run of a hook on every machine, and what the controller makes of
// it. The number of its invariants is 18 (docs/testing.md).
class HookReferee : public HookProcessTable::Observer {
 public:
  // A run as it really was.
  struct Run {
    std::string host;
    agent::HookKey key;
    std::string name;  // "pre_reload" …
    int64_t generation = 0;
    bool ended = false;  // Or its machine lost power.
    bool success = false;
    std::string reason;
  };

  explicit HookReferee(Verdict& verdict) : verdict_(verdict) {}

  // In the order in which they began.
  const std::vector<Run>& runs() const { return runs_; }
  bool RunsOn(const std::string& host) const;
  // A hook of a host's step has ended well.
  bool Succeeded(const std::string& host, const std::string& app_uid,
                 const std::string& name, int64_t generation) const;

  // HookProcessTable::Observer.
  void OnHookStart(const std::string& host, const agent::HookKey& key,
                   const agent::HookOrder& order) override;
  void OnHookEnd(const std::string& host, const agent::HookKey& key,
                 const agent::HookEnd& end) override;
  void OnPowerLoss(const std::string& host);

  // A transaction is about to be kept. `record` is as it was.
  void CheckHead(const RolloutRecord& record,
                 const controller::Rollout& after) const;
  // Of a host's target that is written, or sent: `record` is the rollout that
  // the hook is of, or nullptr.
  void CheckOrder(const RolloutRecord* record,
                  const controller::HookOrder& order) const;
  void CheckSent(const RolloutRecord* record, const std::string& host,
                 const v1::OnceHook& order) const;
  // A host is to begin its step.
  void CheckAdmitted(const RolloutRecord& record,
                     const std::string& host) const;

 private:
  using StepKey = std::tuple<std::string, std::string, std::string, int64_t>;

  const Run* Find(const std::string& host, const std::string& id) const;
  const Run* FindAnywhere(const std::string& id) const;
  void CheckRun(const RolloutRecord& record, const controller::Rollout& after,
                const char* name, const controller::HookRun& was,
                const controller::HookRun& is) const;

  Verdict& verdict_;
  std::vector<Run> runs_;
  std::map<StepKey, size_t> of_step_;
};

// A rollout that has failed has done what its policy's on_failure says.
bool IsAnswered(const controller::Rollout& rollout);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_HOOK_REFEREE_H_
