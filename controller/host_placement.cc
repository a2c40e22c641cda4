#include "controller/host_placement.h"

#include <algorithm>
#include <utility>

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

}  // namespace

StepPolicy DefaultStep(const AppSpec& spec) {
  auto policy =
      ResolvePolicy(spec, spec.rollout, RolloutKind::kDeploy, {1, 1, true});
  return policy.ok() ? policy->step : StepPolicy();
}

absl::Status HostPlacement::PlaceOn(const std::string& host) {
  const KnownHost* known = hosts_.Find(host);
  const bool takes_apps =
      known != nullptr && known->connected && !known->record.cordon.has_value();
  if (!takes_apps) return absl::OkStatus();
  StoreChange change;
  for (const auto& [name, uid] : registry_.names()) {
    std::optional<HostTarget> target =
        TargetFor(*registry_.FindByUid(uid), *known);
    if (target) change.targets.push_back(*std::move(target));
  }
  return Save(change);
}

absl::Status HostPlacement::PlaceApp(const std::string& app_uid) {
  const AppEntry* app = registry_.FindByUid(app_uid);
  if (app == nullptr || app->record.deleted) return absl::OkStatus();
  StoreChange change;
  for (const auto& [name, host] : hosts_.hosts()) {
    if (!host.connected || host.record.cordon.has_value()) continue;
    std::optional<HostTarget> target = TargetFor(*app, host);
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

std::optional<HostTarget> HostPlacement::TargetFor(const AppEntry& app,
                                                   const KnownHost& host) {
  const AppRecord& record = app.record;
  if (!driver_.ActiveRolloutOf(record.name).empty()) return std::nullopt;
  HostTarget next;
  auto found = app.targets.find(host.record.name);
  if (found == app.targets.end()) {
    if (!BelongsOn(record, host.record)) return std::nullopt;
    next.app = record.name;
    next.app_uid = record.uid;
    next.host = host.record.name;
    next.run_state = AppRegistry::WaitsForStart(record.spec, &app)
                         ? RunState::kStopped
                         : AppRegistry::RunStateOf(app);
    next.instances = record.spec.instances;
  } else {
    if (!WasLeftOut(app, found->second)) return std::nullopt;
    next = found->second;
  }
  next.revision =
      record.proven_revision != 0 ? record.proven_revision : record.revision;
  // A rollout gives its hosts the app's newest generation, which this host
  // has not had.
  next.generation = std::max<int64_t>(record.generation, 1);
  next.step = DefaultStep(record.spec);
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
  if (!last.ok() || last->app_uid != record.uid ||
      last->kind != RolloutKind::kDeploy ||
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
