#include "tests/sim/admission_referee.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/algorithm/container.h"
#include "tests/sim/world.h"

namespace fleet::sim {

using controller::HostStep;
using controller::HostStepPhase;
using controller::HostView;
using controller::RolloutPhase;
using controller::SkipReason;

namespace {

int Missing(const HostView& view) {
  if (!view.connected || view.removed) return 0;
  return std::max(view.instances_total - view.instances_available, 0);
}

int MostCost(const RolloutRecord& record) {
  const bool stops_first =
      record.head.policy.step.strategy == ReloadStrategy::kStopFirst;
  return stops_first ? 1 : 0;
}

}  // namespace

HostView AdmissionReferee::View(const RolloutRecord& record,
                                const std::string& host) const {
  return world_.controller.core().state.View(host, record.head.app_uid);
}

int AdmissionReferee::CostOn(const RolloutRecord& record,
                             const HostView& view) const {
  return std::min(MostCost(record), view.instances_total);
}

bool AdmissionReferee::NothingToLose(const RolloutRecord& record,
                                     const HostView& view) const {
  const bool broken = view.instances_total == 0 || Missing(view) > 0;
  return broken && CostOn(record, view) <= Missing(view);
}

int64_t AdmissionReferee::Down(const RolloutRecord& record) const {
  int64_t down = 0;
  std::set<std::string> known;
  for (const auto& [index, step] : record.steps) {
    known.insert(step.host);
    const HostView view = View(record, step.host);
    int taken = InFlight(step.phase) ? CostOn(record, view) : 0;
    // The worst is assumed of one that has not been heard of.
    const bool unheard = !view.connected && view.instances_total == 0;
    if (InFlight(step.phase) && unheard) taken = MostCost(record);
    down += std::max(Missing(view), taken);
  }
  const auto& state = world_.controller.core().state;
  for (const std::string& host : state.HostsOf(record.head.app_uid)) {
    if (!known.contains(host)) down += Missing(View(record, host));
  }
  return down;
}

void AdmissionReferee::Check(const RolloutRecord& record) const {
  CheckParallel(record);
  CheckZones(record);
  CheckSkips(record);
  if (record.admitted.empty()) return;
  const int64_t down = Down(record);
  for (const int64_t index : record.admitted) {
    if (record.head.state.phase == RolloutPhase::kRollingBack) {
      CheckBack(record, index);
    } else {
      CheckForward(record, index, down);
      CheckOrder(record, index, down);
    }
  }
}

void AdmissionReferee::CheckParallel(const RolloutRecord& record) const {
  int in_flight = 0;
  for (const auto& [index, step] : record.steps) {
    in_flight += InFlight(step.phase) ? 1 : 0;
  }
  if (in_flight > record.head.policy.max_parallel) {
    world_.verdict.Fail("1", record.head.uid, " has ", in_flight,
                        " hosts in flight, ", record.head.policy.max_parallel,
                        " are allowed");
  }
  if (Terminal(record.head.state.phase) && in_flight > 0) {
    world_.verdict.Fail("4", record.head.uid, " has ended with ", in_flight,
                        " slots held");
  }
}

void AdmissionReferee::CheckZones(const RolloutRecord& record) const {
  std::set<std::string> zones;
  for (const auto& [index, step] : record.steps) {
    if (InFlight(step.phase)) zones.insert(step.zone);
  }
  const int most = record.head.policy.max_zones;
  if (static_cast<int>(zones.size()) > most) {
    world_.verdict.Fail("1", record.head.uid, " is at work in ", zones.size(),
                        " zones, ", most, " are allowed");
  }
}

void AdmissionReferee::CheckSkips(const RolloutRecord& record) const {
  if (record.head.state.skip_any) return;
  const auto skipped = absl::c_count_if(record.steps, [](const auto& s) {
    return s.second.phase == HostStepPhase::kSkipped &&
           s.second.skip == SkipReason::kUnreachable;
  });
  if (skipped > record.head.policy.max_skipped) {
    world_.verdict.Fail("1", record.head.uid, " has skipped ", skipped,
                        " hosts that are away, ",
                        record.head.policy.max_skipped, " may be");
  }
}

void AdmissionReferee::CheckForward(const RolloutRecord& record, int64_t index,
                                    int64_t down) const {
  const HostStep& step = record.steps.at(index);
  const HostView view = View(record, step.host);
  if (!view.connected || view.cordoned || view.removed) {
    world_.verdict.Fail("9", step.host, " is admitted and is ",
                        view.cordoned ? "cordoned" : "not there");
  }
  const int most = record.head.policy.max_unavailable;
  if (!NothingToLose(record, view) && down > most) {
    world_.verdict.Fail("1", step.host, " is healthy and is admitted, and ",
                        down, " instances are or may be down, ", most,
                        " may be");
  }
}

// Whoever stands before it and may begin has begun.
void AdmissionReferee::CheckOrder(const RolloutRecord& record, int64_t index,
                                  int64_t down) const {
  if (record.head.policy.max_zones != controller::kNoLimit) return;
  for (const auto& [other, step] : record.steps) {
    if (other >= index) return;
    if (step.phase != HostStepPhase::kPending ||
        step.wave > record.head.state.wave) {
      continue;
    }
    const HostView view = View(record, step.host);
    if (!view.connected || view.cordoned) continue;
    const int taken = std::max(CostOn(record, view) - Missing(view), 0);
    const bool over = down + taken > record.head.policy.max_unavailable;
    if (over && !NothingToLose(record, view)) continue;
    world_.verdict.Fail("10", record.steps.at(index).host,
                        " is admitted before ", step.host,
                        ", which stands before it and may begin");
  }
}

// For a rollback only what it is at work on itself counts, be it down already
// or not. What is down comes first, so that it has been counted when one that
// serves is turned back.
void AdmissionReferee::CheckBack(const RolloutRecord& record,
                                 int64_t index) const {
  const HostStep& step = record.steps.at(index);
  const HostView view = View(record, step.host);
  if (Missing(view) >= CostOn(record, view)) return;
  int64_t taken = 0;
  for (const auto& [other, s] : record.steps) {
    if (InFlight(s.phase)) taken += CostOn(record, View(record, s.host));
  }
  if (taken > record.head.policy.max_unavailable) {
    world_.verdict.Fail("1", step.host, " is turned back, and ", taken,
                        " instances may be down by that, ",
                        record.head.policy.max_unavailable, " may be");
  }
}

}  // namespace fleet::sim
