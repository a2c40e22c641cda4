#include "tests/sim/rollout_referee.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "controller/rollout_rows.h"
#include "proto/rpc/status.h"
#include "tests/sim/legal_moves.h"
#include "tests/sim/world.h"

namespace fleet::sim {

using controller::HoldKind;
using controller::HostStep;
using controller::HostStepPhase;
using controller::HostTarget;
using controller::Rollout;
using controller::RolloutCommit;
using controller::RolloutEvent;
using controller::RolloutPhase;
using controller::SkipReason;

namespace {

// BUDGET lets in what has nothing to lose.
bool Held(const controller::RolloutState& state) {
  return absl::c_any_of(state.holds, [](const auto& hold) {
    return hold.kind != HoldKind::kBudget;
  });
}

}  // namespace

RolloutReferee::RolloutReferee(World& world)
    : world_(world),
      admissions_(world),
      deadlines_(world.verdict),
      policies_(world),
      waves_(world) {}

const RolloutRecord* RolloutReferee::Newest(const std::string& app) const {
  auto found = newest_.find(app);
  return found == newest_.end() ? nullptr : &rollouts_.at(found->second);
}

void RolloutReferee::OnCommit(const RolloutCommit& commit) {
  Trace(commit);
  for (const controller::RolloutRow& row : commit.rollouts) {
    rollouts_[row.uid].admitted.clear();
    rollouts_[row.uid].by_person = false;
  }
  // Events first: they say where each step was before.
  TakeEvents(commit);
  TakeSteps(commit);
  TakeRollouts(commit);
  CheckTargets(commit);
  CheckOneActive();
}

// ------------------------------------------------------------------- events

void RolloutReferee::TakeEvents(const RolloutCommit& commit) {
  for (const controller::RolloutEventRow& row : commit.events) {
    absl::StatusOr<RolloutEvent> event = controller::FromRow(row);
    FLEET_CHECK(event.ok());
    RolloutRecord& record = rollouts_[row.uid];
    CheckEvent(record, *event);
    CheckAwaited(*event);
    CheckTold(record, *event);
    deadlines_.OnEvent(record, *event);
    if (event->actor != "controller") {
      record.by_person = true;
      if (event->seq > 1) record.promoted = true;
    }
    if (!event->host.empty()) {
      HostStepPhase& told = told_[{row.uid, event->host}];
      if (told != event->host_phase && !LegalMove(told, event->host_phase)) {
        world_.verdict.Fail("3", event->host, " went from ", Name(told), " to ",
                            Name(event->host_phase));
      }
      told = event->host_phase;
    }
    const int64_t seq = event->seq;
    record.events[seq] = *std::move(event);
  }
}

void RolloutReferee::Pass(absl::Duration time,
                          const ControllerTime& controller) {
  deadlines_.Pass(rollouts_, time, controller);
}

void RolloutReferee::OnControllerCrash() {
  deadlines_.OnControllerCrash(rollouts_);
}

void RolloutReferee::CheckEvent(const RolloutRecord& record,
                                const RolloutEvent& event) {
  const int64_t last =
      record.events.empty() ? 0 : record.events.rbegin()->first;
  if (event.seq != last + 1) {
    world_.verdict.Fail("14", "event ", event.seq, " follows event ", last);
  }
  if (event.actor.empty() || event.epoch != world_.controller.epoch()) {
    world_.verdict.Fail("17", "event ", event.seq, " of epoch ", event.epoch,
                        " by \"", event.actor, "\"");
  }
  // A commit may hold several moves, each with its event.
  const RolloutPhase was = record.events.empty()
                               ? RolloutPhase::kQueued
                               : record.events.rbegin()->second.phase;
  if (was != event.phase && !LegalMove(was, event.phase)) {
    world_.verdict.Fail("3", record.head.uid, " went from ", Name(was), " to ",
                        Name(event.phase));
  }
}

// A controller that has just started does not know who is away.
void RolloutReferee::CheckAwaited(const RolloutEvent& event) const {
  const bool given_up = event.host_phase == HostStepPhase::kUnknown ||
                        event.message == "not connected";
  if (event.host.empty() || !given_up || !world_.JustStarted()) return;
  if (world_.controller.Dialled(event.host)) return;
  world_.verdict.Fail("6", event.host, " is ", Name(event.host_phase),
                      " before it could say where it is");
}

// Nor does it know what they run.
void RolloutReferee::CheckTold(const RolloutRecord& record,
                               const RolloutEvent& event) const {
  const size_t at = event.message.find("not known on ");
  if (at == std::string::npos || !world_.JustStarted()) return;
  const std::string rest = event.message.substr(at);
  const std::string named = rest.substr(0, rest.find(';'));
  for (const auto& [index, step] : record.steps) {
    if (!absl::StrContains(absl::StrCat(named, ","),
                           absl::StrCat(" ", step.host, ",")) ||
        world_.controller.Dialled(step.host)) {
      continue;
    }
    world_.verdict.Fail("6", "it is told that nobody knows what ", step.host,
                        " runs, before it could say so");
  }
}

// -------------------------------------------------------------------- steps

void RolloutReferee::TakeSteps(const RolloutCommit& commit) {
  for (const controller::RolloutStepRow& row : commit.steps) {
    absl::StatusOr<HostStep> step = controller::FromRow(row);
    FLEET_CHECK(step.ok());
    RolloutRecord& record = rollouts_[row.uid];
    auto [it, added] = record.steps.try_emplace(row.index, *step);
    const HostStep before = added ? HostStep() : it->second;
    deadlines_.OnStep(record, row.index, before, *step);
    waves_.OnStep(record, before, *step);
    it->second = *step;
    const bool takes_slot =
        InFlight(step->phase) && !InFlight(before.phase) && !added;
    if (takes_slot) record.admitted.push_back(row.index);
    const bool another = step->generation != before.generation && !added &&
                         step->attempt == before.attempt &&
                         step->phase != HostStepPhase::kReverting;
    if (another) {
      world_.verdict.Fail("6", step->host, " is to do again, as generation ",
                          step->generation, ", what was generation ",
                          before.generation);
    }
    if (!added && before.host != step->host) {
      world_.verdict.Fail("4", "the step of ", before.host, " became that of ",
                          step->host);
    }
    if (step->generation < before.generation ||
        step->attempt < before.attempt) {
      world_.verdict.Fail("5", "the step of ", step->host,
                          " went back to generation ", step->generation);
    }
    HostStepPhase& told = told_[{row.uid, step->host}];
    // Those that were never touched are not told of one by one at the end.
    if (told == HostStepPhase::kPending && step->skip == SkipReason::kEnded) {
      told = HostStepPhase::kSkipped;
    }
    if (told != step->phase) {
      world_.verdict.Fail("17", step->host, " is ", Name(step->phase),
                          ", and the events say ", Name(told));
    }
  }
}

// ----------------------------------------------------------------- rollouts

void RolloutReferee::TakeRollouts(const RolloutCommit& commit) {
  for (const controller::RolloutRow& row : commit.rollouts) {
    absl::StatusOr<controller::RolloutSummary> summary =
        controller::FromRow(row);
    FLEET_CHECK(summary.ok());
    RolloutRecord& record = rollouts_[row.uid];
    const Rollout& after = summary->rollout;
    const bool is_new = record.head.uid.empty();
    if (is_new) {
      newest_[after.app] = after.uid;
    } else {
      CheckHead(record, after);
      CheckHolds(record, after);
      waves_.Check(record, after);
      world_.hook_referee.CheckHead(record, after);
      world_.gate_referee.CheckHead(record, after);
      if (after.state.wave != record.head.state.wave) {
        record.baking.Reset();
        record.promoted = false;
      }
    }
    if (row.active == Terminal(after.state.phase)) {
      world_.verdict.Fail("3", after.uid, " is ", Name(after.state.phase),
                          " and marked ", row.active ? "active" : "ended");
    }
    record.head = after;
    if (is_new) policies_.Check(record, commit.rollouts.size() > 1);
    admissions_.Check(record);
    if (after.state.phase == RolloutPhase::kSucceeded) {
      CheckSuccess(record);
      waves_.CheckBaked(record, after.state.wave);
      proven_[after.app_uid].insert(after.to_revision);
    }
    if (after.state.phase == RolloutPhase::kRolledBack) CheckWayBack(record);
  }
}

void RolloutReferee::CheckHead(const RolloutRecord& before,
                               const Rollout& after) const {
  const controller::RolloutState& was = before.head.state;
  const controller::RolloutState& is = after.state;
  if (Terminal(was.phase)) {
    world_.verdict.Fail("3", after.uid, " was changed after it had ended");
  }
  if (is.failures < was.failures || is.forgiven < was.forgiven ||
      is.generation < was.generation) {
    world_.verdict.Fail("13", after.uid, ": failures ", was.failures, " → ",
                        is.failures, ", forgiven ", was.forgiven, " → ",
                        is.forgiven, ", generation ", was.generation, " → ",
                        is.generation);
  }
  const bool told = before.events.empty()
                        ? false
                        : before.events.rbegin()->second.phase == is.phase;
  if (was.phase != is.phase && !told) {
    world_.verdict.Fail("17", after.uid, " is ", Name(is.phase),
                        " and no event says so");
  }
}

// What a person has to end, or the rollout's own end, ends by nothing else.
void RolloutReferee::CheckHolds(const RolloutRecord& before,
                                const Rollout& after) const {
  const RolloutPhase phase = after.state.phase;
  if (before.by_person || after.state.aborting || Terminal(phase)) return;
  for (const controller::Hold& hold : before.head.state.holds) {
    const bool for_people = hold.kind == HoldKind::kUser ||
                            hold.kind == HoldKind::kFailure ||
                            hold.kind == HoldKind::kManualGate;
    const bool turned_back =
        phase == RolloutPhase::kRollingBack && hold.kind != HoldKind::kUser;
    if (!for_people || turned_back || HasHold(after.state, hold.kind)) continue;
    world_.verdict.Fail("9", after.uid, " is not held any more (",
                        Name(hold.kind), "), and nobody asked for it");
  }
}

void RolloutReferee::CheckWayBack(const RolloutRecord& record) const {
  for (const auto& [index, step] : record.steps) {
    if (!record.touched.contains(step.host)) continue;
    const bool follows =
        step.phase == HostStepPhase::kRevertFailed && step.lost;
    if (step.phase == HostStepPhase::kSkipped || follows) continue;
    if (step.phase != HostStepPhase::kReverted) {
      world_.verdict.Fail("8", record.head.uid, " is rolled back and ",
                          step.host, " is ", Name(step.phase));
    }
    const v1::AppTarget* target =
        world_.host_referee.Accepted(step.host, record.head.app_uid);
    if (target == nullptr || target->generation() != step.generation) continue;
    if (target->revision() != record.head.rollback_revision) {
      world_.verdict.Fail("8", step.host, " is rolled back to revision ",
                          target->revision(), ", which is not the proven one");
    }
  }
}

void RolloutReferee::CheckOneActive() const {
  std::set<std::string> apps;
  for (const auto& [uid, record] : rollouts_) {
    if (Terminal(record.head.state.phase)) continue;
    if (!apps.insert(record.head.app_uid).second) {
      world_.verdict.Fail("2", record.head.app, " has two active rollouts");
    }
  }
}

// Every host that was not skipped took the generation, was done with it, and
// serves nothing else.
void RolloutReferee::CheckSuccess(const RolloutRecord& record) const {
  for (const auto& [index, step] : record.steps) {
    if (step.phase == HostStepPhase::kSkipped) continue;
    if (step.phase != HostStepPhase::kDone) {
      world_.verdict.Fail("7", record.head.uid, " has succeeded and ",
                          step.host, " is ", Name(step.phase));
      continue;
    }
    auto host = world_.hosts().find(step.host);
    const v1::AppTarget* target =
        world_.host_referee.Accepted(step.host, record.head.app_uid);
    if (host == world_.hosts().end() || target == nullptr) continue;
    if (target->generation() < step.generation) {
      world_.verdict.Fail("7", step.host, " is DONE with generation ",
                          step.generation, " and has only taken ",
                          target->generation());
    }
    if (target->generation() != step.generation) continue;
    const int others = world_.host_referee.CountOthers(
        host->second->machine, record.head.app_uid, step.generation);
    if (others > 0) {
      world_.verdict.Fail("7", step.host, " is DONE with generation ",
                          step.generation, " and serves with another one");
    }
  }
}

// ------------------------------------------------------------------ targets

void RolloutReferee::CheckTargets(const RolloutCommit& commit) {
  for (const HostTarget& target : commit.targets) {
    const HostTarget* before = world_.disk.Target(target.app_uid, target.host);
    const int64_t serial = before == nullptr ? 0 : before->serial;
    const int64_t generation = before == nullptr ? 0 : before->generation;
    const std::string hook = before == nullptr ? "" : before->once_hook.id;
    const bool for_hook =
        target.once_hook.id != hook && target.generation == generation;
    if (target.serial != serial + 1 ||
        (target.generation <= generation && !for_hook)) {
      world_.verdict.Fail("5", "the target of ", target.host, " goes from s",
                          serial, " g", generation, " to s", target.serial,
                          " g", target.generation);
    }
    if (commit.rollouts.empty()) {
      world_.verdict.Fail("4", "a target of ", target.host,
                          " that belongs to no rollout");
      continue;
    }
    RolloutRecord& record = rollouts_.at(commit.rollouts[0].uid);
    if (target.once_hook.id != hook) {
      world_.hook_referee.CheckOrder(&record, target.once_hook);
    }
    if (for_hook) continue;
    CheckTarget(record, target);
    record.touched.insert(target.host);
  }
}

void RolloutReferee::CheckTarget(const RolloutRecord& record,
                                 const HostTarget& target) const {
  const controller::RolloutState& state = record.head.state;
  auto fail = [&](const char* rule, const char* why) {
    world_.verdict.Fail(rule, target.host, " is admitted ", why);
  };
  // Hosts that were away get what has been proven on the others.
  if (state.phase == RolloutPhase::kSucceeded) return;
  if (Held(state)) fail("9", "while the rollout is held");
  if (state.phase == RolloutPhase::kBaking) fail("9", "while a wave bakes");
  if (state.aborting) fail("9", "while the rollout is aborting");
  if (Terminal(state.phase)) fail("9", "after the end");
  const bool back = state.phase == RolloutPhase::kRollingBack;
  if (!back) world_.hook_referee.CheckAdmitted(record, target.host);
  if (!back &&
      state.failures - state.forgiven > record.head.policy.max_failures) {
    fail("9", "past the failure limit");
  }
  auto step =
      std::find_if(record.steps.begin(), record.steps.end(),
                   [&](const auto& s) { return s.second.host == target.host; });
  if (step == record.steps.end()) return fail("4", "without a step");
  const HostStepPhase wanted =
      back ? HostStepPhase::kReverting : HostStepPhase::kAdmitted;
  if (step->second.phase != wanted) fail("4", "without a slot");
  if (step->second.wave > state.wave) fail("10", "before its wave");
  if (back && !record.touched.contains(target.host)) {
    fail("12", "to a rollback though it was never touched");
  }
  const int64_t revision =
      back ? record.head.rollback_revision : record.head.to_revision;
  if (target.revision != revision) fail("8", "with another revision");
  auto proven = proven_.find(target.app_uid);
  const bool is_proven =
      proven != proven_.end() && proven->second.contains(target.revision);
  if (back && !is_proven) fail("8", "to a revision that was never proven");
  if (step->second.generation != target.generation) {
    fail("4", "with another generation than its step has");
  }
}

// Targets that no rollout made: orders of people, and hosts that came.
void RolloutReferee::OnSave(const controller::StoreChange& change) {
  for (const HostTarget& target : change.targets) {
    const HostTarget* before = world_.disk.Target(target.app_uid, target.host);
    if (before != nullptr && (target.serial <= before->serial ||
                              target.generation < before->generation)) {
      world_.verdict.Fail("5", "the target of ", target.host, " goes from s",
                          before->serial, " g", before->generation, " to s",
                          target.serial, " g", target.generation);
    }
    if (before == nullptr || before->revision != target.revision) {
      CheckPlaced(target);
    }
    world_.trace.Note("store", "target of ", target.host, ": s", target.serial,
                      " g", target.generation, " r", target.revision);
  }
}

// A host that comes gets what has been proven; or, where other hosts have had
// it as a canary, what is being rolled out.
void RolloutReferee::CheckPlaced(const HostTarget& target) const {
  auto proven = proven_.find(target.app_uid);
  if (proven == proven_.end() || proven->second.contains(target.revision)) {
    return;
  }
  const RolloutRecord* newest = Newest(target.app);
  const bool follows = newest != nullptr && newest->head.state.wave > 0 &&
                       !Terminal(newest->head.state.phase) &&
                       newest->head.to_revision == target.revision;
  if (follows) return;
  world_.verdict.Fail("9", target.host, " is given revision ", target.revision,
                      ", which was never proven");
}

void RolloutReferee::OnSend(const std::string& host,
                            const v1::SessionResponse& message) {
  const v1::DesiredState& wanted = message.desired_state();
  for (const v1::AppTarget& target : wanted.targets()) {
    const HostTarget* kept = world_.disk.Target(target.app_uid(), host);
    const bool stored =
        kept != nullptr && (kept->serial > target.serial() ||
                            (kept->serial == target.serial() &&
                             kept->generation == target.generation() &&
                             kept->revision == target.revision()));
    if (!stored) {
      world_.verdict.Fail("4", "s", target.serial(), " g", target.generation(),
                          " is sent to ", host, " and is not in the store");
    }
    // What cannot be written cannot be taken back.
    if (world_.controller.store().full()) continue;
    auto rollout = rollouts_.find(target.once_hook().rollout());
    world_.hook_referee.CheckSent(
        rollout == rollouts_.end() ? nullptr : &rollout->second, host,
        target.once_hook());
  }
}

// -------------------------------------------------------------------- trace

void RolloutReferee::Trace(const RolloutCommit& commit) const {
  if (!world_.trace.on()) return;
  for (const controller::RolloutEventRow& row : commit.events) {
    absl::StatusOr<RolloutEvent> event = controller::FromRow(row);
    std::string text =
        absl::StrCat(row.uid, " #", event->seq, " ", Name(event->phase));
    if (!event->host.empty()) {
      absl::StrAppend(&text, " ", event->host, " ", Name(event->host_phase));
    }
    if (!event->message.empty()) absl::StrAppend(&text, ": ", event->message);
    world_.trace.Note("store", text);
  }
  for (const HostTarget& target : commit.targets) {
    world_.trace.Note("store", "target of ", target.host, ": s", target.serial,
                      " g", target.generation, " r", target.revision);
  }
}

}  // namespace fleet::sim
