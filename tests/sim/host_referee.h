// What an agent must never do to its workers.
#ifndef FLEET_TESTS_SIM_HOST_REFEREE_H_
#define FLEET_TESTS_SIM_HOST_REFEREE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fleet/v1/agent_service.pb.h"
#include "node_agent/desired_journal.h"
#include "tests/sim/hook_referee.h"
#include "tests/sim/machine.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"

namespace fleet::sim {

// Sees what really happens on the machines, and what their agents have on
// disk; knows nothing of what an agent thinks. The numbers are those of the
// invariants in docs/testing.md.
class HostReferee : public Machine::Observer {
 public:
  // What a host's agent has in its journal now; nullptr: no agent lives there.
  using JournalOf =
      std::function<const agent::JournalContents*(const std::string& host)>;

  HostReferee(const Timeline& timeline, Verdict& verdict,
              const HookReferee& hooks, JournalOf journal_of)
      : timeline_(timeline),
        verdict_(verdict),
        hooks_(hooks),
        journal_of_(std::move(journal_of)) {}

  // After anything that may have changed the host's journal.
  void LookAtJournal(const Machine& machine);
  // An agent that died while it wrote may find more there than it knew of.
  void OnAgentStart(const Machine& machine);
  // All its processes are gone, and what of a step had been done is void.
  void OnPowerLoss(const Machine& machine);

  // Machine::Observer.
  void OnStart(const Machine& machine,
               const agent::WorkerIdentity& identity) override;
  void OnStop(const Machine& machine, const Process& process,
              bool kill) override;
  void OnChange(const Machine& machine, const Process& process) override;

  // Workers that serve and are of another generation than that.
  int CountOthers(const Machine& machine, const std::string& app_uid,
                  int64_t generation) const;
  // The newest target that the host has taken; nullptr: none.
  const v1::AppTarget* Accepted(const std::string& host,
                                const std::string& app_uid) const;

 private:
  using SlotKey = std::pair<std::string, int>;  // App's uid and slot.
  struct HostRecord {
    // Of the journal, when it was last looked at.
    int64_t writes = -1;
    int64_t refusals = 0;
    // When its disk was last seen to have had no room for something.
    int64_t refusals_seen = 0;
    absl::Time refused_at = absl::InfinitePast();
    int64_t epoch = 0;
    std::map<std::string, agent::JournaledApp> apps;
    // Starts of replacements: slot and generation.
    std::set<std::pair<SlotKey, int64_t>> replaced;
    // Slots that a stop-first step has emptied and not filled again.
    std::set<SlotKey> down;
  };

  // Something may be missing in its journal that its disk had no room for.
  bool MayMiss(const Machine& machine, const HostRecord& record) const;
  // `now`: what came to its end has just done so.
  void Look(const Machine& machine, bool now);
  void CheckApp(const std::string& host, const agent::JournaledApp& before,
                const agent::JournaledApp& now);
  void CheckDone(const Machine& machine, const agent::JournaledApp& app);
  // The step's hooks, as far as they are due, have ended well.
  bool Prepared(const std::string& host, const v1::AppTarget& target) const;
  bool PassedPostReload(const std::string& host,
                        const v1::AppTarget& target) const;
  bool Wanted(const v1::AppTarget& target, int slot) const;
  bool Available(const Process& process, const v1::AppTarget& target) const;
  void CheckSurge(const Machine& machine, const Process& process,
                  const agent::JournaledApp& app);
  void CheckStopFirst(const Machine& machine, const Process& process,
                      const v1::AppTarget& target);

  const Timeline& timeline_;
  Verdict& verdict_;
  const HookReferee& hooks_;
  const JournalOf journal_of_;
  std::map<std::string, HostRecord> hosts_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_HOST_REFEREE_H_
