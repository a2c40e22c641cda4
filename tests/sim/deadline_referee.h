// Holds a controller to its deadlines: neither early nor never.
#ifndef FLEET_TESTS_SIM_DEADLINE_REFEREE_H_
#define FLEET_TESTS_SIM_DEADLINE_REFEREE_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "tests/sim/rollout_record.h"
#include "tests/sim/trace.h"

namespace fleet::sim {

// The part of RolloutReferee that knows of time (invariant 13). The engine's
// own clock is behind its words; the stopwatches of the records are beside it.
class DeadlineReferee {
 public:
  using Records = std::map<std::string, RolloutRecord>;

  // `verdict` outlives it.
  explicit DeadlineReferee(Verdict& verdict) : verdict_(verdict) {}

  // Each before it is taken over into the record.
  void OnEvent(RolloutRecord& record, const controller::RolloutEvent& event);
  void OnStep(RolloutRecord& record, int64_t index,
              const controller::HostStep& before,
              const controller::HostStep& after);

  // So much time has passed.
  void Pass(Records& records, absl::Duration time,
            const ControllerTime& controller);
  void OnControllerCrash(Records& records);

 private:
  void PassSteps(RolloutRecord& record, absl::Duration time,
                 const ControllerTime& controller);
  void CheckEarly(const RolloutRecord& record, const Stopwatch& since,
                  absl::Duration deadline, const char* what) const;
  void CheckLate(const RolloutRecord& record, const Stopwatch& since,
                 absl::Duration deadline, const char* what) const;

  Verdict& verdict_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_DEADLINE_REFEREE_H_
