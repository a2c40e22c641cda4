// One seed from its beginning to its end.
#ifndef FLEET_TESTS_SIM_STORY_H_
#define FLEET_TESTS_SIM_STORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/fate.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"

namespace fleet::sim {

// Hosts come up and get a first release; then everything happens that the seed
// says, and people roll out on top of it; then the faults stop, and whatever
// was begun has to come to an end.
class Story {
 public:
  // `happenings` instead of those that the seed would draw, to leave some out.
  explicit Story(uint64_t seed,
                 std::optional<std::vector<Happening>> happenings = {});

  void SetSink(Trace::Sink sink) { world_.trace.SetSink(std::move(sink)); }
  // The first violation; empty: all was well.
  std::string Run();

  const std::vector<Happening>& happenings() const { return happenings_; }

 private:
  void Begin();
  void Settle();

  Random random_;
  World world_;
  Operator ann_;
  Fate fate_;
  absl::Duration length_;
  std::vector<Happening> happenings_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_STORY_H_
