// A table of what happens in a world, for people.
#ifndef FLEET_TESTS_SCENARIOS_TRANSCRIPT_H_
#define FLEET_TESTS_SCENARIOS_TRANSCRIPT_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/sim/world.h"

namespace fleet::sim {

// One row for each moment at which something happens that a person would ask
// about: the time, what befell the fleet or was asked for, what the planner
// decided, and a column for each host: its phase in the rollout and the
// revisions that serve there. A host's cell is empty when it is as it was.
class Transcript {
 public:
  // `world` outlives it. Times count from now.
  Transcript(World& world, std::string app);

  // What befell the fleet.
  void Event(const std::string& text);
  // After each step of the world.
  void Look();
  // With the names of rollouts made short: R1, R2 …
  std::string Text() const;

 private:
  struct Row {
    absl::Duration time;
    std::vector<std::string> events;
    std::vector<std::string> decisions;
    std::map<std::string, std::string> cells;
  };

  Row& RowNow();
  void LookAtRollouts();
  void LookAtHooks();
  std::string CellOf(const SimHost& host) const;
  std::string Short(std::string text) const;

  World& world_;
  const std::string app_;
  const absl::Time begin_;
  std::vector<Row> rows_;
  std::map<std::string, std::string> cells_;  // By host, as they are.
  std::map<std::string, int64_t> seen_;       // Events, by rollout.
  // Of HookReferee::runs: how many, and which of them have ended.
  size_t hooks_seen_ = 0;
  std::set<size_t> hooks_ended_;
  std::vector<std::string> uids_;  // In order of appearance.
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SCENARIOS_TRANSCRIPT_H_
