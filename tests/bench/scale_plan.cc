// What 10,000 hosts cost the rollout engine, for tests/bench/run scale. Prints
// one JSON object.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "controller/rollout/planner.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_world.h"

namespace fleet::controller {
namespace {

constexpr int kHosts = 10'000;

double Millis(absl::Duration d) { return absl::ToDoubleMilliseconds(d); }

// A rollout over kHosts, its planner's slowest step and its driver's writes.
struct Outcome {
  double seconds = 0;
  double worst_plan_ms = 0;
  double commits_per_host = 0;
};

// Everything that a step of the planner may have to look at, over and over.
double WorstPlan(const Rollout& rollout) {
  FleetView fleet;
  fleet.hosts.resize(rollout.steps.size());
  for (HostView& view : fleet.hosts) view.connected = true;
  Rollout now = rollout;
  double worst = 0;
  for (int i = 0; i < 50; ++i) {
    const absl::Time start = absl::Now();
    const Plan plan = PlanRollout(
        now, fleet,
        {absl::FromUnixSeconds(1000 + i), absl::FromUnixSeconds(2000 + i)});
    worst = std::max(worst, Millis(absl::Now() - start));
    Apply(plan, now);
    // All that are in work are done at once.
    for (size_t k = 0; k < now.steps.size(); ++k) {
      if (!InFlight(now.steps[k].phase)) continue;
      StepReport& report = fleet.hosts[k].report;
      report.generation = now.steps[k].generation;
      report.revision = now.to_revision;
      report.phase = StepReportPhase::kDone;
    }
  }
  return worst;
}

Outcome RollOut(const char* parallel) {
  RolloutWorld world(kHosts);
  world.Start();
  world.ConnectAll();
  NewRollout request = world.Deploy(2);
  request.policy.max_parallel = parallel;
  const int64_t before = world.store.commits();
  FLEET_CHECK(world.driver->Create(request).ok());
  Outcome outcome;
  outcome.worst_plan_ms = WorstPlan(world.Now());
  const absl::Time begin = absl::Now();
  world.WorkUntilQuiet();
  outcome.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  FLEET_CHECK(world.Now().state.phase == RolloutPhase::kSucceeded);
  outcome.commits_per_host =
      static_cast<double>(world.store.commits() - before) / kHosts;
  return outcome;
}

void Print(const char* parallel) {
  const Outcome outcome = RollOut(parallel);
  std::cout << absl::StrCat(
      "\"", parallel, "\": {\"seconds\": ", outcome.seconds,
      ", \"worst_plan_ms\": ", outcome.worst_plan_ms,
      ", \"commits_per_host\": ", outcome.commits_per_host, "}");
}

}  // namespace
}  // namespace fleet::controller

int main() {
  spdlog::set_level(spdlog::level::off);
  std::cout << "{";
  fleet::controller::Print("100");
  std::cout << ", ";
  fleet::controller::Print("1000");
  std::cout << "}\n";
  return 0;
}
