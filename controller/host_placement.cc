#include "controller/host_placement.h"

#include <algorithm>
#include <utility>

#include "controller/rollout/once_hook.h"
#include "controller/rollout/policy_resolver.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

bool Matches(const std::string& selector, const HostRecord& host) {
  auto parsed = ParseHostSelector(selector);
  return parsed.ok() && parsed->Matches(host.name, host.labels);
}

// The spec says where the app runs, and apply --hosts may have said less.
bool BelongsOn(const AppRecord& app, const HostRecord& host) {
  if (!Matches(app.spec.hosts, host)) return false;
  return app.placement.empty() ||
         std::any_of(app.placement.begin(), app.placement.end(),
                     [&](const std::string& s) { return Matches(s, host); });
}

bool ChangesRevision(const Rollout& rollout) {
  return rollout.kind == RolloutKind::kDeploy ||
         rollout.kind == RolloutKind::kRollback;
}

// What it brings has been found good on the hosts of its first wave.
bool CanaryPassed(const Rollout& rollout) {
  const RolloutState& state = rollout.state;
  const bool goes_on = state.phase == RolloutPhase::kRolling ||
                       state.phase == RolloutPhase::kBaking;
  return goes_on && state.wave > 0 && !state.aborting &&
         !HasHold(state, HoldKind::kFailure);
}

}  // namespace

StepPolicy DefaultStep(const AppSpec& spec) {
  auto policy =
      ResolvePolicy(spec, spec.rollout, RolloutKind::kDeploy, {1, 1, true});
  return policy.ok() ? policy->step : StepPolicy();
}

absl::Status HostPlacement::PlaceOn(const std::string& host) {
  const KnownHost* known = hosts_.Find(host);
  if (known == nullptr || !known->connected) return absl::OkStatus();
  StoreChange change;
  for (const auto& [name, uid] : registry_.names()) {
    std::optional<HostTarget> target = Next(*registry_.FindByUid(uid), *known);
    if (target) change.targets.push_back(*std::move(target));
  }
  return Save(change);
}

absl::Status HostPlacement::PlaceApp(const std::string& app_uid) {
  const AppEntry* app = registry_.FindByUid(app_uid);
  if (app == nullptr || app->record.deleted) return absl::OkStatus();
  StoreChange change;
  for (const auto& [name, host] : hosts_.hosts()) {
    if (!host.connected) continue;
    std::optional<HostTarget> target = Next(*app, host);
    if (target) change.targets.push_back(*std::move(target));
  }
  return Save(change);
}

absl::Status HostPlacement::Save(const StoreChange& change) {
  if (change.targets.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(registry_.Save(change));
  for (const HostTarget& target : change.targets) {
    spdlog::info("placement app={} host={} revision={} generation={}",
                 target.app, target.host, target.revision, target.generation);
  }
  return absl::OkStatus();
}

std::optional<HostTarget> HostPlacement::Next(const AppEntry& app,
                                              const KnownHost& host) {
  std::optional<HostTarget> next;
  if (!host.record.cordon.has_value()) next = TargetFor(app, host);
  auto present = app.targets.find(host.record.name);
  if (present == app.targets.end() || present->second.removed) return next;
  const HookOrder& hook = present->second.once_hook;
  if (hook.id.empty()) return next;
  const Rollout* rollout = driver_.FindActiveOf(app.record.name);
  if (rollout != nullptr && AwaitsHook(*rollout, hook.id)) return next;
  if (!next) {
    next = present->second;
    ++next->serial;
  }
  next->once_hook = {};
  return next;
}

std::optional<HostTarget> HostPlacement::TargetFor(const AppEntry& app,
                                                   const KnownHost& host) {
  const AppRecord& record = app.record;
  auto found = app.targets.find(host.record.name);
  const bool is_new = found == app.targets.end();
  if (is_new && !BelongsOn(record, host.record)) return std::nullopt;
  if (const Rollout* rollout = driver_.FindActiveOf(record.name)) {
    return is_new ? DuringRollout(app, host, *rollout) : std::nullopt;
  }
  const int64_t wanted =
      record.proven_revision != 0 ? record.proven_revision : record.revision;
  // A rollout gives its hosts the app's newest generation, which this host
  // has not had.
  const int64_t generation = std::max<int64_t>(record.generation, 1);
  if (is_new) return At(NewTarget(app, host), app, wanted, generation);
  const HostTarget& present = found->second;
  if (!present.placed_during.empty()) return AfterRollout(app, present);
  if (!WasLeftOut(app, present)) return std::nullopt;
  return At(present, app, wanted, generation);
}

HostTarget HostPlacement::NewTarget(const AppEntry& app,
                                    const KnownHost& host) {
  HostTarget target;
  target.app = app.record.name;
  target.app_uid = app.record.uid;
  target.host = host.record.name;
  target.run_state = AppRegistry::WaitsForStart(app.record.spec, &app)
                         ? RunState::kStopped
                         : AppRegistry::RunStateOf(app);
  target.instances = app.record.spec.instances;
  return target;
}

HostTarget HostPlacement::At(HostTarget target, const AppEntry& app,
                             int64_t revision, int64_t generation) {
  auto found = app.revisions.find(revision);
  target.revision = revision;
  target.generation = generation;
  target.step = DefaultStep(found == app.revisions.end() ? app.record.spec
                                                         : found->second->spec);
  ++target.serial;
  return target;
}

// Its generation is one that a way back, or what follows, is above.
std::optional<HostTarget> HostPlacement::DuringRollout(const AppEntry& app,
                                                       const KnownHost& host,
                                                       const Rollout& rollout) {
  const AppRecord& record = app.record;
  const bool in_it = std::any_of(
      rollout.steps.begin(), rollout.steps.end(),
      [&](const HostStep& step) { return step.host == host.record.name; });
  if (in_it) return std::nullopt;
  HostTarget next = NewTarget(app, host);
  next.placed_during = rollout.uid;
  if (CanaryPassed(rollout)) {
    return At(std::move(next), app, rollout.to_revision, record.generation);
  }
  if (record.proven_revision == 0 || record.generation < 2) return std::nullopt;
  return At(std::move(next), app, record.proven_revision,
            record.generation - 1);
}

// It stays as it is where the rollout has left others so too (an abort).
HostTarget HostPlacement::AfterRollout(const AppEntry& app,
                                       const HostTarget& present) {
  const AppRecord& record = app.record;
  HostTarget next = present;
  next.placed_during.clear();
  absl::StatusOr<Rollout> last = driver_.Get(present.placed_during);
  const bool aborted = last.ok() && last->state.phase == RolloutPhase::kAborted;
  const bool follows = !aborted && record.proven_revision != 0 &&
                       present.revision != record.proven_revision &&
                       present.generation < record.generation;
  if (follows) {
    return At(std::move(next), app, record.proven_revision, record.generation);
  }
  ++next.serial;
  return next;
}

bool HostPlacement::WasLeftOut(const AppEntry& app, const HostTarget& target) {
  const AppRecord& record = app.record;
  if (target.removed || record.proven_revision == 0 ||
      target.revision == record.proven_revision ||
      target.generation >= record.generation) {
    return false;
  }
  absl::StatusOr<Rollout> last = driver_.Get(record.name);
  if (!last.ok() || last->app_uid != record.uid || !ChangesRevision(*last) ||
      last->to_revision != record.proven_revision) {
    return false;
  }
  return std::any_of(last->steps.begin(), last->steps.end(),
                     [&](const HostStep& step) {
                       return step.host == target.host &&
                              step.phase == HostStepPhase::kSkipped;
                     });
}

}  // namespace fleet::controller
