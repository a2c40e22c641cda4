#include "controller/rollout/new_rollout.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/rollout/draft.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// Ready instances of a hundred; a host where nothing runs has none.
int Health(const HostView& view) {
  if (view.instances_total <= 0) return 0;
  return view.instances_ready * 100 / view.instances_total;
}

// Compared in this order.
std::tuple<bool, bool, int, std::string, int, std::string> Rank(
    const Candidate& c, HostOrder order) {
  const bool absent = !c.view.connected || c.view.cordoned;
  switch (order) {
    case HostOrder::kHealth:
      return {absent, !c.disturbed, Health(c.view), c.zone, 0, c.host};
    case HostOrder::kZone:
      return {absent, !c.disturbed, 0, c.zone, Health(c.view), c.host};
    case HostOrder::kName:
      return {absent, !c.disturbed, 0, "", 0, c.host};
  }
  FLEET_CHECK(false);
}

}  // namespace

std::vector<HostStep> MakeSteps(std::vector<Candidate> candidates,
                                HostOrder order,
                                const std::vector<int>& wave_ends,
                                int64_t generation) {
  std::sort(candidates.begin(), candidates.end(),
            [order](const Candidate& a, const Candidate& b) {
              return Rank(a, order) < Rank(b, order);
            });
  std::vector<HostStep> steps;
  steps.reserve(candidates.size());
  size_t wave = 0;
  for (Candidate& candidate : candidates) {
    while (wave + 1 < wave_ends.size() &&
           static_cast<int>(steps.size()) >= wave_ends[wave]) {
      ++wave;
    }
    HostStep step;
    step.host = std::move(candidate.host);
    step.zone = std::move(candidate.zone);
    step.wave = static_cast<int>(wave);
    step.generation = generation;
    steps.push_back(std::move(step));
  }
  return steps;
}

Plan BeginRollout(const Rollout& rollout, Moment now) {
  Draft draft(rollout, now, rollout.actor);
  std::string text = Name(rollout.kind);
  if (rollout.kind == RolloutKind::kDeploy) {
    absl::StrAppend(&text, " of revision ", rollout.to_revision);
  } else if (rollout.kind == RolloutKind::kRollback) {
    absl::StrAppend(&text, " to revision ", rollout.to_revision);
  }
  absl::StrAppend(&text, rollout.kind == RolloutKind::kDeploy ? " to " : " on ",
                  Hosts(static_cast<int>(rollout.steps.size())), ", ",
                  rollout.policy.max_parallel, " at a time");
  if (rollout.policy.waves > 1) {
    absl::StrAppend(&text, ", in ", rollout.policy.waves, " waves");
  }
  draft.Record(text);
  return std::move(draft).Take();
}

}  // namespace fleet::controller
