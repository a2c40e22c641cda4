// A scenario played in a simulated fleet.
#ifndef FLEET_TESTS_SCENARIOS_SCENARIO_H_
#define FLEET_TESTS_SCENARIOS_SCENARIO_H_

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/scenarios/script.h"
#include "tests/scenarios/transcript.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"

namespace fleet::sim {

// Every host has a first good release before the script begins; times count
// from then. The world is the simulation's, with nothing left to chance, and
// its invariants are checked here too.
class Scenario {
 public:
  explicit Scenario(Script script);

  // The transcript. INVALID_ARGUMENT: a line cannot be understood;
  // FAILED_PRECONDITION: an invariant does not hold, or the script's `until`
  // does not come.
  absl::StatusOr<std::string> Play();

 private:
  using Words = std::vector<std::string>;

  absl::Status Set(const Words& words);
  absl::Status SetPolicy(const Words& words);
  absl::Status SetSpec(const Words& words);
  absl::Status AddRelease(const Words& words);
  absl::Status Prepare();
  absl::Status Run();
  bool Due(const Cue& cue) const;
  bool Over() const;

  absl::Status Do(const Words& words);
  bool MakeUnready(SimHost& host, absl::Duration time);
  bool DoOnHost(const Words& words);
  bool DoToController(const Words& words);
  bool Ask(const Words& words);
  // The duration after the word "for", or `otherwise`.
  static absl::Duration For(const Words& words, absl::Duration otherwise);

  Script script_;
  World world_;
  Operator ann_;
  int hosts_ = 3;
  std::vector<std::string> zones_ = {"a"};
  RolloutPolicySpec policy_;
  std::map<std::string, std::string> releases_;  // By their name here.
  std::unique_ptr<Transcript> transcript_;
  absl::Time begin_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SCENARIOS_SCENARIO_H_
