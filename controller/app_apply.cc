#include "controller/app_apply.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/dependency_cycle.h"
#include "controller/host_placement.h"
#include "controller/revision_hash.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxSpecs = 1000;
constexpr size_t kMaxApps = 10'000;
constexpr int64_t kKeptRevisions = 100;
constexpr size_t kMaxPlacements = 64;

bool Narrows(const std::string& hosts) {
  return !hosts.empty() && hosts != "all";
}

// A host that is named but not known is a slip of the pen, not a plan.
absl::Status CheckNamedHosts(const HostSelector& selector,
                             const HostRegistry& hosts) {
  for (const std::string& name : selector.ExactNames()) {
    if (hosts.Find(name) != nullptr) continue;
    return ErrorWithReason(
        absl::StatusCode::kNotFound,
        absl::StrCat("no host ", name, "; known: ", hosts.Describe()),
        {"NO_HOST_MATCHES", {{"hosts", selector.text()}}});
  }
  return absl::OkStatus();
}

// Hosts that are not yet told to run `revision`.
std::vector<std::string> Behind(const AppEntry& app, int64_t revision,
                                const std::vector<std::string>& hosts) {
  std::vector<std::string> behind;
  for (const std::string& host : hosts) {
    auto found = app.targets.find(host);
    if (found == app.targets.end() || found->second.removed ||
        found->second.revision != revision) {
      behind.push_back(host);
    }
  }
  return behind;
}

const HostTarget* FindOrNull(const std::map<std::string, HostTarget>& targets,
                             const std::string& host) {
  const auto found = targets.find(host);
  return found == targets.end() ? nullptr : &found->second;
}

// What apply --hosts has said of this app so far, and says now.
std::vector<std::string> NextPlacement(std::vector<std::string> placement,
                                       const std::string& hosts) {
  if (!Narrows(hosts)) return {};
  if (placement.empty()) return {};
  if (std::find(placement.begin(), placement.end(), hosts) == placement.end()) {
    placement.push_back(hosts);
  }
  if (placement.size() > kMaxPlacements) placement.clear();
  return placement;
}

}  // namespace

struct AppApply::Plan {
  ApplyOutcome outcome;
  // Empty lists: nothing is written.
  StoreChange change;
  // Not empty: the app is rolled out to them.
  std::vector<std::string> rollout_hosts;
  // The app as the rollout sees it.
  RolloutApp rollout_app;
};

absl::StatusOr<std::vector<ApplyOutcome>> AppApply::Apply(
    const ApplyOrder& order) {
  RETURN_IF_ERROR(CheckOrder(order));
  std::vector<Plan> plans;
  for (const AppSpec& spec : order.specs) {
    ASSIGN_OR_RETURN(Plan plan, MakePlan(order, spec));
    RETURN_IF_ERROR(RollOut(order, plan, /*check_only=*/true));
    plans.push_back(std::move(plan));
  }
  std::vector<ApplyOutcome> outcomes;
  for (Plan& plan : plans) {
    if (!order.validate_only) {
      absl::Status status = Execute(order, plan);
      if (!status.ok()) {
        return Annotate(status, absl::StrCat("apply ", plan.outcome.app));
      }
    }
    outcomes.push_back(std::move(plan.outcome));
  }
  return outcomes;
}

absl::Status AppApply::CheckOrder(const ApplyOrder& order) const {
  if (order.specs.empty() || order.specs.size() > kMaxSpecs) {
    return absl::InvalidArgumentError(
        absl::StrCat("specs: ", order.specs.size(), " given, 1 to ", kMaxSpecs,
                     " can be applied at once"));
  }
  std::set<std::string> names;
  for (const AppSpec& spec : order.specs) {
    absl::Status valid = ValidateAppSpec(spec);
    if (!valid.ok()) {
      return ErrorWithReason(
          valid.code(),
          absl::StrCat("app \"", spec.name, "\": ", valid.message()),
          {"SPEC_INVALID", {{"app", spec.name}}});
    }
    if (!names.insert(spec.name).second) {
      return ErrorWithReason(
          absl::StatusCode::kInvalidArgument,
          absl::StrCat("app \"", spec.name,
                       "\" is given twice; names are unique in the fleet"),
          {"SPEC_INVALID", {{"app", spec.name}}});
    }
  }
  return CheckDependencies(order);
}

// With the apps that are there already.
absl::Status AppApply::CheckDependencies(const ApplyOrder& order) const {
  DependencyGraph graph;
  for (const auto& [name, uid] : registry_.names()) {
    const AppEntry* app = registry_.FindByUid(uid);
    if (app != nullptr) graph[name] = app->record.spec.depends_on;
  }
  for (const AppSpec& spec : order.specs) graph[spec.name] = spec.depends_on;
  for (const AppSpec& spec : order.specs) {
    std::vector<std::string> cycle = FindCycle(graph, spec.name);
    if (cycle.empty()) continue;
    return ErrorWithReason(
        absl::StatusCode::kInvalidArgument,
        absl::StrCat("app \"", spec.name,
                     "\": depends_on: ", absl::StrJoin(cycle, " -> "),
                     " is a circle, none of them could ever start; take one of "
                     "these dependencies out"),
        {"SPEC_INVALID", {{"app", spec.name}}});
  }
  return absl::OkStatus();
}

absl::StatusOr<AppApply::Plan> AppApply::MakePlan(const ApplyOrder& order,
                                                  const AppSpec& spec) {
  ASSIGN_OR_RETURN(std::vector<std::string> hosts, PickHosts(order, spec));
  const AppEntry* app = registry_.FindByName(spec.name);
  if (app != nullptr) return PlanUpdate(order, spec, *app, std::move(hosts));
  if (registry_.names().size() >= kMaxApps) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "this controller keeps at most ", kMaxApps, " apps; ", spec.name,
        " would be one more: delete apps that are not needed"));
  }
  return PlanNew(order, spec, std::move(hosts));
}

absl::StatusOr<std::vector<std::string>> AppApply::PickHosts(
    const ApplyOrder& order, const AppSpec& spec) const {
  ASSIGN_OR_RETURN(HostSelector of_spec, ParseHostSelector(spec.hosts));
  ASSIGN_OR_RETURN(HostSelector of_order, ParseHostSelector(order.hosts));
  RETURN_IF_ERROR(CheckNamedHosts(of_order, hosts_));
  std::vector<std::string> hosts = hosts_.Select({of_spec, of_order});
  if (!hosts.empty()) return hosts;
  std::string wanted = absl::StrCat("\"", of_spec.text(), "\"");
  if (!of_order.MatchesAll()) {
    absl::StrAppend(&wanted, " and \"", of_order.text(), "\"");
  }
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("app \"", spec.name, "\": no host matches ", wanted,
                   "; known hosts: ", hosts_.Describe()),
      {"NO_HOST_MATCHES", {{"app", spec.name}, {"hosts", spec.hosts}}});
}

AppApply::Plan AppApply::PlanNew(const ApplyOrder& order, const AppSpec& spec,
                                 std::vector<std::string> hosts) {
  Plan plan;
  AppRecord record;
  record.name = spec.name;
  record.uid = NewUid();
  record.spec = spec;
  if (Narrows(order.hosts)) record.placement = {order.hosts};
  record.version = 1;
  record.create_time = record.update_time = clock_.WallNow();
  plan.change.apps.push_back(std::move(record));
  AddRevision(nullptr, plan);
  plan.outcome.change = ApplyChange::kCreated;
  plan.rollout_app = ToRolloutApp({plan.change.apps[0], {}, {}});
  if (AppRegistry::WaitsForStart(spec, nullptr)) {
    PlanStopped(nullptr, hosts, plan);
  } else {
    plan.rollout_hosts = std::move(hosts);
  }
  return plan;
}

AppApply::Plan AppApply::PlanUpdate(const ApplyOrder& order,
                                    const AppSpec& spec, const AppEntry& app,
                                    std::vector<std::string> hosts) {
  Plan plan;
  plan.outcome.app = app.record.name;
  plan.outcome.revision = app.record.revision;
  plan.outcome.differences = DiffAppSpecs(app.record.spec, spec);
  AppRecord next = app.record;
  next.spec = spec;
  next.placement = NextPlacement(next.placement, order.hosts);
  const bool new_revision =
      !DiffAppSpecs(WorkerSpec(app.record.spec), WorkerSpec(spec)).empty();
  const bool settings_changed = !plan.outcome.differences.empty() ||
                                next.placement != app.record.placement;
  next.update_time = clock_.WallNow();
  ++next.version;
  plan.change.apps.push_back(std::move(next));
  PlanTargets(order, app, hosts, plan);
  if (new_revision) AddRevision(&app, plan);
  // A rollout that goes on would be at odds with what is saved beside it.
  if (AppRegistry::WaitsForStart(spec, &app) &&
      driver_.ActiveRolloutOf(app.record.name).empty()) {
    PlanStopped(&app, hosts, plan);
  } else if (new_revision) {
    plan.rollout_hosts = std::move(hosts);
  } else {
    PlanRest(app, std::move(hosts), plan);
  }
  for (const std::string& host : plan.rollout_hosts) {
    const HostTarget* known = FindOrNull(app.targets, host);
    if (known != nullptr && !known->removed) continue;
    plan.outcome.differences.push_back(absl::StrCat("host ", host, ": added"));
  }
  const bool changed = settings_changed || !plan.change.targets.empty() ||
                       !plan.rollout_hosts.empty();
  plan.outcome.change =
      changed ? ApplyChange::kUpdated : ApplyChange::kUnchanged;
  plan.rollout_app = ToRolloutApp(app);
  plan.rollout_app.revision = plan.change.apps[0].revision;
  plan.rollout_app.spec = spec;
  SetRollback(app, OtherProven(app, plan.rollout_app.revision),
              plan.rollout_app);
  if (!changed) plan.change = {};
  return plan;
}

// The revision is there already: who does not have it yet?
void AppApply::PlanRest(const AppEntry& app, std::vector<std::string> hosts,
                        Plan& plan) const {
  plan.outcome.rollout_uid = driver_.ActiveRolloutOf(app.record.name);
  if (!plan.outcome.rollout_uid.empty()) return;
  plan.rollout_hosts = Behind(app, app.record.revision, hosts);
  if (plan.rollout_hosts.empty() && WasTried(app) &&
      app.record.proven_revision != app.record.revision) {
    plan.rollout_hosts = std::move(hosts);
  }
}

// A rollout to the newest revision was made; there is none to one that came to
// a stopped app.
bool AppApply::WasTried(const AppEntry& app) const {
  const absl::StatusOr<Rollout> last = driver_.Get(app.record.name);
  return last.ok() && last->app_uid == app.record.uid &&
         last->to_revision == app.record.revision;
}

// Hosts learn of the revision and start nothing: no rollout is needed.
void AppApply::PlanStopped(const AppEntry* app,
                           const std::vector<std::string>& hosts,
                           Plan& plan) const {
  AppRecord& record = plan.change.apps[0];
  std::map<std::string, HostTarget> changed;
  for (HostTarget& target : plan.change.targets) {
    changed[target.host] = std::move(target);
  }
  const int64_t generation = record.generation + 1;
  for (const std::string& host : hosts) {
    const HostTarget* known =
        app == nullptr ? nullptr : FindOrNull(app->targets, host);
    const bool is_new = known == nullptr || known->removed;
    if (!is_new && known->revision == record.revision) continue;
    const auto [it, inserted] =
        changed.emplace(host, known == nullptr ? HostTarget() : *known);
    HostTarget& next = it->second;
    if (inserted) ++next.serial;
    next.app = record.name;
    next.app_uid = record.uid;
    next.host = host;
    next.removed = false;
    next.run_state = RunState::kStopped;
    next.instances = record.spec.instances;
    next.revision = record.revision;
    next.generation = record.generation = generation;
    next.step = DefaultStep(record.spec);
  }
  plan.change.targets.clear();
  for (auto& [host, target] : changed) {
    plan.change.targets.push_back(std::move(target));
  }
}

// Changes of targets that need no rollout: the number of instances, hosts the
// spec no longer names, and an app that was stopped.
void AppApply::PlanTargets(const ApplyOrder& order, const AppEntry& app,
                           const std::vector<std::string>& hosts,
                           Plan& plan) const {
  const AppSpec& spec = plan.change.apps[0].spec;
  const bool scaled = app.record.spec.instances != spec.instances;
  const bool stopped =
      spec.autostart && AppRegistry::RunStateOf(app) == RunState::kStopped;
  const HostSelector wanted = *ParseHostSelector(spec.hosts);
  for (const auto& [host, target] : app.targets) {
    if (target.removed) continue;
    HostTarget next = target;
    ++next.serial;
    const KnownHost* known = hosts_.Find(host);
    const bool dropped = !Narrows(order.hosts) && known != nullptr &&
                         !wanted.Matches(host, known->record.labels);
    if (dropped) {
      next.removed = true;
      plan.change.targets.push_back(std::move(next));
      plan.outcome.differences.push_back(
          absl::StrCat("host ", host, ": removed"));
      continue;
    }
    const bool picked =
        std::find(hosts.begin(), hosts.end(), host) != hosts.end();
    if (!picked || (!scaled && !stopped)) continue;
    if (scaled) next.instances = spec.instances;
    if (stopped) next.run_state = RunState::kRunning;
    plan.change.targets.push_back(std::move(next));
  }
  if (stopped) plan.outcome.differences.push_back("state: stopped → running");
}

void AppApply::AddRevision(const AppEntry* app, Plan& plan) const {
  AppRecord& record = plan.change.apps[0];
  ++record.revision;
  plan.outcome.app = record.name;
  plan.outcome.revision = record.revision;
  plan.change.revisions.push_back({record.uid,
                                   {record.revision, RevisionHash(record.spec),
                                    record.spec, record.update_time}});
  if (app == nullptr) return;
  std::set<int64_t> in_use = {record.proven_revision};
  for (const auto& [host, target] : app->targets) {
    in_use.insert(target.revision);
    in_use.insert(target.once_hook.revision);
  }
  for (const auto& [number, revision] : app->revisions) {
    if (number > record.revision - kKeptRevisions) break;
    if (in_use.contains(number)) continue;
    plan.change.old_revisions.push_back({record.uid, *revision});
  }
}

absl::Status AppApply::RollOut(const ApplyOrder& order, Plan& plan,
                               bool check_only) {
  if (plan.rollout_hosts.empty()) return absl::OkStatus();
  if (!order.validate_only && !order.supersede) {
    RETURN_IF_ERROR(driver_.CheckNoneActive(plan.outcome.app));
  }
  NewRollout request;
  request.app = plan.rollout_app;
  request.kind = RolloutKind::kDeploy;
  request.hosts = plan.rollout_hosts;
  request.policy = order.policy;
  request.actor = order.actor;
  request.supersede = order.supersede;
  request.validate_only = check_only;
  if (!check_only) {
    request.also_save = [&] { return store_.Save(plan.change); };
  }
  registry_.Stage(plan.change);
  absl::StatusOr<Rollout> rollout = driver_.Create(request);
  registry_.Unstage();
  RETURN_IF_ERROR(rollout.status());
  if (!check_only) {
    plan.outcome.rollout_uid = rollout->uid;
  } else if (order.validate_only) {
    plan.outcome.plan = *std::move(rollout);
    plan.outcome.plan_view = driver_.Look(*plan.outcome.plan);
    const Rollout* under_way = driver_.FindActiveOf(plan.outcome.app);
    if (under_way != nullptr) plan.outcome.under_way = *under_way;
  }
  return absl::OkStatus();
}

absl::Status AppApply::Execute(const ApplyOrder& order, Plan& plan) {
  // Not in the plan: each app that is made before this one takes one.
  if (plan.outcome.change == ApplyChange::kCreated) {
    plan.change.apps[0].id = registry_.next_id();
  }
  if (!plan.rollout_hosts.empty()) {
    return RollOut(order, plan, /*check_only=*/false);
  }
  if (plan.change.apps.empty()) return absl::OkStatus();
  return registry_.Save(plan.change);
}

std::string AppApply::NewUid() {
  constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string uid = "a-";
  uint64_t bits = random_();
  for (int i = 0; i < 12; ++i, bits >>= 5) uid += kDigits[bits & 31];
  return uid;
}

}  // namespace fleet::controller
