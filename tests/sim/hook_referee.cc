#include "tests/sim/hook_referee.h"

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fleet::sim {

using controller::HookPhase;
using controller::HookRun;
using controller::Rollout;
using controller::RolloutPhase;
using controller::RolloutState;

namespace {

constexpr char kPreRollout[] = "pre_rollout";
constexpr char kPostRollout[] = "post_rollout";

bool IsOnce(const std::string& name) {
  return name == kPreRollout || name == kPostRollout;
}

std::string OnceId(const Rollout& rollout, const char* name,
                   const HookRun& run) {
  return absl::StrCat(rollout.uid, ".", name, ".", run.attempt);
}

bool Awaits(const Rollout& rollout, const std::string& id) {
  const RolloutState& state = rollout.state;
  if (Terminal(state.phase)) return false;
  return (state.pre_rollout.phase == HookPhase::kRunning &&
          OnceId(rollout, kPreRollout, state.pre_rollout) == id) ||
         (state.post_rollout.phase == HookPhase::kRunning &&
          OnceId(rollout, kPostRollout, state.post_rollout) == id);
}

}  // namespace

bool IsAnswered(const Rollout& rollout) {
  const RolloutState& state = rollout.state;
  const bool held = HasHold(state, controller::HoldKind::kFailure);
  switch (rollout.policy.on_failure) {
    case OnFailure::kPause:
      return held;
    case OnFailure::kAbort:
      return state.aborting || state.phase == RolloutPhase::kAborted;
    case OnFailure::kRollback: {
      const bool can_turn = rollout.rollback_revision != 0 &&
                            rollout.kind != controller::RolloutKind::kRollback;
      return can_turn ? state.phase == RolloutPhase::kRollingBack ||
                            state.phase == RolloutPhase::kRolledBack
                      : held;
    }
  }
  return false;
}

// ------------------------------------------------------------------ machines

const HookReferee::Run* HookReferee::Find(const std::string& host,
                                          const std::string& id) const {
  auto run = absl::c_find_if(
      runs_, [&](const Run& r) { return r.host == host && r.key.id == id; });
  return run == runs_.end() ? nullptr : &*run;
}

const HookReferee::Run* HookReferee::FindAnywhere(const std::string& id) const {
  auto run =
      absl::c_find_if(runs_, [&](const Run& r) { return r.key.id == id; });
  return run == runs_.end() ? nullptr : &*run;
}

bool HookReferee::RunsOn(const std::string& host) const {
  return absl::c_any_of(
      runs_, [&](const Run& r) { return r.host == host && !r.ended; });
}

bool HookReferee::Succeeded(const std::string& host, const std::string& app_uid,
                            const std::string& name, int64_t generation) const {
  auto found = of_step_.find({host, app_uid, name, generation});
  return found != of_step_.end() && runs_[found->second].success;
}

void HookReferee::OnHookStart(const std::string& host,
                              const agent::HookKey& key,
                              const agent::HookOrder& order) {
  const bool once = IsOnce(order.name);
  const Run* before = once ? FindAnywhere(key.id) : Find(host, key.id);
  if (before != nullptr) {
    verdict_.Fail("18", host, " runs hook ", key.id, ", which has run on ",
                  before->host, " already");
  }
  if (absl::c_any_of(runs_, [&](const Run& r) {
        return r.host == host && r.key.app_uid == key.app_uid && !r.ended;
      })) {
    verdict_.Fail("18", host, " runs hook ", key.id, " beside another one");
  }
  const StepKey step{host, key.app_uid, order.name, order.generation};
  if (!once && of_step_.contains(step)) {
    verdict_.Fail("18", host, " runs ", order.name, " of generation ",
                  order.generation, " a second time");
  }
  of_step_[step] = runs_.size();
  runs_.push_back({host, key, order.name, order.generation, false, false, ""});
}

void HookReferee::OnHookEnd(const std::string& host, const agent::HookKey& key,
                            const agent::HookEnd& end) {
  for (Run& run : runs_) {
    if (run.host != host || !(run.key == key)) continue;
    run.ended = true;
    run.success = end.success;
    run.reason = end.reason;
  }
}

void HookReferee::OnPowerLoss(const std::string& host) {
  for (Run& run : runs_) {
    if (run.host != host || run.ended) continue;
    run.ended = true;
    run.reason = "its machine lost power";
  }
}

// ---------------------------------------------------------------- controller

void HookReferee::CheckHead(const RolloutRecord& record,
                            const Rollout& after) const {
  CheckRun(record, after, kPreRollout, record.head.state.pre_rollout,
           after.state.pre_rollout);
  CheckRun(record, after, kPostRollout, record.head.state.post_rollout,
           after.state.post_rollout);
  const bool undone = !after.policy.post_rollout.command.empty() &&
                      after.state.post_rollout.phase != HookPhase::kDone;
  if (after.state.phase == RolloutPhase::kSucceeded && undone) {
    verdict_.Fail("18", after.uid, " has succeeded without its post_rollout");
  }
}

void HookReferee::CheckRun(const RolloutRecord& record, const Rollout& after,
                           const char* name, const HookRun& was,
                           const HookRun& is) const {
  const std::string id = OnceId(after, name, is);
  auto fail = [&](const auto&... what) {
    verdict_.Fail("18", after.uid, ": ", name, " ", what...);
  };
  if (is.attempt != was.attempt || is.phase != was.phase) {
    const bool again = is.attempt != was.attempt ||
                       (was.phase == HookPhase::kFailed) ||
                       was.phase == HookPhase::kDone;
    if (again && !record.by_person) fail("is begun anew, and nobody asked");
  }
  if (is.phase == was.phase) return;
  if (is.phase == HookPhase::kDone && !record.by_person) {
    const Run* run = Find(is.host, id);
    if (run == nullptr || !run->success) {
      fail("is said to be done on ", is.host, ", and it ",
           run == nullptr ? "never ran" : run->reason);
    }
  }
  const bool turned =
      record.head.state.aborting ||
      record.head.state.phase == RolloutPhase::kRollingBack ||
      HasHold(record.head.state, controller::HoldKind::kFailure);
  if (is.phase == HookPhase::kFailed && !record.by_person && !turned &&
      !IsAnswered(after)) {
    fail("has failed, and the rollout goes on");
  }
}

void HookReferee::CheckOrder(const RolloutRecord* record,
                             const controller::HookOrder& order) const {
  if (order.id.empty()) return;
  if (record == nullptr || !Awaits(record->head, order.id)) {
    verdict_.Fail("18", "hook ", order.id, " is ordered from ", order.host,
                  ", and no rollout awaits it");
  }
}

// An agent that has run it knows that it has.
void HookReferee::CheckSent(const RolloutRecord* record,
                            const std::string& host,
                            const v1::OnceHook& order) const {
  if (order.id().empty()) return;
  if (record == nullptr || !Awaits(record->head, order.id())) {
    verdict_.Fail("18", host, " is told to run hook ", order.id(),
                  ", which nobody awaits any more");
  }
}

void HookReferee::CheckAdmitted(const RolloutRecord& record,
                                const std::string& host) const {
  const Rollout& rollout = record.head;
  const bool before_it = !rollout.policy.pre_rollout.command.empty() &&
                         rollout.state.pre_rollout.phase != HookPhase::kDone;
  if (!before_it) return;
  verdict_.Fail("18", host, " is admitted before pre_rollout is done");
}

}  // namespace fleet::sim
