#include "controller/rollout_commits.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "controller/rollout_rows.h"

namespace fleet::controller {
namespace {

constexpr int64_t kEventsKept = 10000;
// Old events are deleted so many at a time.
constexpr int64_t kEventsChunk = 1000;

// Up to which event the store may forget when `last` is the newest one and
// `added` are new; 0: nothing now.
int64_t ForgetThrough(int64_t last, int64_t added) {
  bool chunk = last / kEventsChunk != (last - added) / kEventsChunk;
  return chunk && last > kEventsKept ? last - kEventsKept : 0;
}

int DoneAfter(const Rollout& rollout, const Plan& plan) {
  int done = Count(rollout.steps).done;
  for (const StepChange& change : plan.steps) {
    done -= rollout.steps[change.index].phase == HostStepPhase::kDone ? 1 : 0;
    done += change.step.phase == HostStepPhase::kDone ? 1 : 0;
  }
  return done;
}

// All but the steps.
Rollout HeadOf(const Rollout& rollout, const RolloutState& state) {
  Rollout head;
  head.uid = rollout.uid;
  head.app = rollout.app;
  head.app_uid = rollout.app_uid;
  head.kind = rollout.kind;
  head.from_revision = rollout.from_revision;
  head.to_revision = rollout.to_revision;
  head.rollback_revision = rollout.rollback_revision;
  head.epoch = rollout.epoch;
  head.step_estimate = rollout.step_estimate;
  head.policy = rollout.policy;
  head.create_time = rollout.create_time;
  head.actor = rollout.actor;
  head.request_id = rollout.request_id;
  head.state = state;
  return head;
}

// `next` is the host's target with it, unless the commit has one already.
void AddHook(const HookOrder& order, HostTarget next, RolloutCommit& commit) {
  auto changed = std::find_if(
      commit.targets.begin(), commit.targets.end(),
      [&order](const HostTarget& t) { return t.host == order.host; });
  if (changed != commit.targets.end()) {
    changed->once_hook = order;
    return;
  }
  // A host that was forgotten meanwhile has nothing to be taken back.
  const bool is_new = next.serial == 1;
  if (!order.id.empty() || !is_new) commit.targets.push_back(std::move(next));
}

template <class T>
void Append(std::vector<T> from, std::vector<T>& to) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace

RolloutCommit CommitOf(const Rollout& rollout, const Plan& plan,
                       const TargetRegistry& targets, absl::Time now) {
  RolloutCommit commit;
  commit.rollouts.push_back(
      ToRow({HeadOf(rollout, plan.state), DoneAfter(rollout, plan),
             static_cast<int>(rollout.steps.size())},
            now));
  for (const StepChange& change : plan.steps) {
    if (!change.save) continue;
    commit.steps.push_back(ToRow(rollout.uid, change.index, change.step));
  }
  for (const RolloutEvent& event : plan.events) {
    commit.events.push_back(ToRow(rollout.uid, event));
  }
  commit.forget_events_through = ForgetThrough(
      plan.state.last_seq, static_cast<int64_t>(plan.events.size()));
  for (const TargetChange& change : plan.targets) {
    commit.targets.push_back(
        targets.NextTarget(rollout.app, rollout.app_uid, change));
  }
  for (const HookOrder& order : plan.hooks) {
    AddHook(order,
            targets.NextTargetForHook(rollout.app, rollout.app_uid, order),
            commit);
  }
  if (plan.proven || plan.state.generation != rollout.state.generation) {
    commit.app = AppAdvance{rollout.app, rollout.app_uid, plan.state.generation,
                            plan.proven ? rollout.to_revision : 0};
  }
  return commit;
}

void AddAllSteps(const Rollout& rollout, RolloutCommit& commit) {
  for (size_t i = 0; i < rollout.steps.size(); ++i) {
    commit.steps.push_back(ToRow(rollout.uid, i, rollout.steps[i]));
  }
}

void Merge(RolloutCommit other, RolloutCommit& commit) {
  Append(std::move(other.rollouts), commit.rollouts);
  Append(std::move(other.steps), commit.steps);
  Append(std::move(other.events), commit.events);
  Append(std::move(other.targets), commit.targets);
}

}  // namespace fleet::controller
