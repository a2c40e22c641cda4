#include "controller/rollout_driver.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/request_answers.h"
#include "controller/rollout/rollout_text.h"
#include "controller/rollout_commits.h"
#include "controller/rollout_log.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// The rollout's clock is saved at least this often while it runs.
constexpr absl::Duration kCheckpoint = absl::Seconds(30);
constexpr size_t kMaxRequestIdBytes = 64;
// In events that nobody asked for just then.
constexpr char kOwnActor[] = "controller";

}  // namespace

RolloutDriver::RolloutDriver(EventLoop& loop, RolloutStore& store,
                             TargetRegistry& targets, const FleetSource& fleet,
                             uint64_t random_seed, DriverOptions options)
    : loop_(loop),
      store_(store),
      targets_(targets),
      fleet_(fleet),
      options_(options),
      reader_(store),
      maker_(fleet, reader_, random_seed, options.epoch) {}

RolloutDriver::~RolloutDriver() {
  if (timer_ != 0) loop_.CancelTimer(timer_);
}

Moment RolloutDriver::Now() const {
  return {loop_.clock().Now(), loop_.clock().WallNow()};
}

absl::Status RolloutDriver::Start() {
  resync_until_ = Now().steady + options_.resync_window;
  ASSIGN_OR_RETURN(std::vector<Rollout> rollouts, reader_.Active());
  for (Rollout& rollout : rollouts) PlanSoon(Insert(std::move(rollout)));
  return absl::OkStatus();
}

RolloutDriver::Active& RolloutDriver::Insert(Rollout rollout) {
  auto active = std::make_unique<Active>();
  Active& result = *active;
  result.rollout = std::move(rollout);
  result.fleet.resync_until = resync_until_;
  result.fleet.hosts.resize(result.rollout.steps.size());
  result.saved = Now().steady;
  for (size_t i = 0; i < result.rollout.steps.size(); ++i) {
    result.index_of_host[result.rollout.steps[i].host] = i;
    RefreshHost(result, i);
  }
  for (const std::string& host : fleet_.HostsOf(result.rollout.app_uid)) {
    if (!result.index_of_host.contains(host)) RefreshElsewhere(result, host);
  }
  by_app_[result.rollout.app] = &result;
  by_app_uid_[result.rollout.app_uid] = &result;
  active_[result.rollout.uid] = std::move(active);
  return result;
}

RolloutDriver::Active* RolloutDriver::FindActive(const std::string& name) {
  if (auto it = active_.find(name); it != active_.end()) {
    return it->second.get();
  }
  auto it = by_app_.find(name);
  return it == by_app_.end() ? nullptr : it->second;
}

void RolloutDriver::ForgetIfEnded(const std::string& uid) {
  auto it = active_.find(uid);
  if (it == active_.end() || !Terminal(it->second->rollout.state.phase)) return;
  const Active* ended = it->second.get();
  // Another rollout of the app may have taken its place.
  if (auto app = by_app_.find(ended->rollout.app);
      app != by_app_.end() && app->second == ended) {
    by_app_.erase(app);
  }
  if (auto app = by_app_uid_.find(ended->rollout.app_uid);
      app != by_app_uid_.end() && app->second == ended) {
    by_app_uid_.erase(app);
  }
  active_.erase(it);
}

std::string RolloutDriver::ActiveRolloutOf(const std::string& app) const {
  const Rollout* rollout = FindActiveOf(app);
  return rollout == nullptr ? "" : rollout->uid;
}

const Rollout* RolloutDriver::FindActiveOf(const std::string& app) const {
  auto it = by_app_.find(app);
  return it == by_app_.end() ? nullptr : &it->second->rollout;
}

bool RolloutDriver::RefreshHost(Active& active, size_t index) {
  HostView view =
      fleet_.View(active.rollout.steps[index].host, active.rollout.app_uid);
  HostView& known = active.fleet.hosts[index];
  if (view == known) return false;
  known = std::move(view);
  return true;
}

bool RolloutDriver::RefreshElsewhere(Active& active, const std::string& host) {
  int& known = active.down_elsewhere[host];
  const HostView view = fleet_.View(host, active.rollout.app_uid);
  if (view.placed_during == active.rollout.uid) {
    active.fleet.joined[host] = view.running_revision;
  } else {
    active.fleet.joined.erase(host);
  }
  const int down = DownNow(view);
  active.fleet.down_elsewhere += down - known;
  return std::exchange(known, down) != down;
}

void RolloutDriver::RefreshSamples(Active& active) {
  const std::vector<MetricGate>& gates = active.rollout.policy.gates;
  const bool sampled =
      active.rollout.state.phase == RolloutPhase::kBaking &&
      std::any_of(gates.begin(), gates.end(),
                  [](const MetricGate& gate) { return IsSample(gate.source); });
  if (!sampled) return;
  for (size_t i = 0; i < active.rollout.steps.size(); ++i) {
    RefreshHost(active, i);
  }
}

void RolloutDriver::OnHostAppChanged(const std::string& host,
                                     const std::string& app_uid) {
  auto found = by_app_uid_.find(app_uid);
  if (found == by_app_uid_.end()) return;
  Active& active = *found->second;
  auto it = active.index_of_host.find(host);
  const bool changed = it == active.index_of_host.end()
                           ? RefreshElsewhere(active, host)
                           : RefreshHost(active, it->second);
  if (changed) PlanSoon(active);
}

void RolloutDriver::OnHostChanged(const std::string& host) {
  for (auto& [uid, active] : active_) {
    auto it = active->index_of_host.find(host);
    const bool elsewhere =
        active->down_elsewhere.contains(host) ||
        fleet_.View(host, active->rollout.app_uid).placed_during == uid;
    if (it == active->index_of_host.end() && !elsewhere) continue;
    const bool changed = elsewhere ? RefreshElsewhere(*active, host)
                                   : RefreshHost(*active, it->second);
    if (changed) PlanSoon(*active);
  }
}

void RolloutDriver::PlanSoon(Active& active) {
  active.wake_up =
      std::min(active.wake_up, active.planned + options_.plan_interval);
  ArmTimer();
}

void RolloutDriver::ArmTimer() {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [uid, active] : active_) {
    next = std::min(next, active->wake_up);
  }
  if (next == timer_at_) return;
  if (timer_ != 0) loop_.CancelTimer(timer_);
  timer_at_ = next;
  timer_ = next == absl::InfiniteFuture()
               ? 0
               : loop_.AddTimer(next, [this] { OnTimer(); });
}

void RolloutDriver::OnTimer() {
  timer_ = 0;
  timer_at_ = absl::InfiniteFuture();
  absl::Time now = Now().steady;
  std::vector<std::string> due;
  for (const auto& [uid, active] : active_) {
    if (active->wake_up <= now) due.push_back(uid);
  }
  for (const std::string& uid : due) {
    auto it = active_.find(uid);
    if (it == active_.end()) continue;
    if (!PlanNow(*it->second)) it->second->wake_up = now + options_.store_retry;
    ForgetIfEnded(uid);
  }
  ArmTimer();
}

bool RolloutDriver::PlanNow(Active& active) {
  RefreshSamples(active);
  Plan plan = PlanRollout(active.rollout, active.fleet, Now());
  Stamp(plan);
  active.planned = Now().steady;
  if (plan.save) {
    absl::Status saved = SavePlan(active, plan);
    if (!saved.ok()) {
      LogNotSaved(active.rollout, saved);
      active.not_saved = ToStd(saved.message());
      watchers_.Notify(active.rollout.uid);
      return false;
    }
  } else {
    SaveClock(active);
    TakeOver(active, plan);
  }
  return true;
}

absl::Status RolloutDriver::SavePlan(Active& active, const Plan& plan) {
  const RolloutCommit commit =
      CommitOf(active.rollout, plan, targets_, Now().steady);
  RETURN_IF_ERROR(Save(commit, active.rollout.app));
  active.saved = Now().steady;
  TakeOver(active, plan);
  targets_.OnCommitted(commit);
  return absl::OkStatus();
}

// What a crash can take from a deadline is at most kCheckpoint.
void RolloutDriver::SaveClock(Active& active) {
  const Rollout& rollout = active.rollout;
  absl::Time now = Now().steady;
  if (!rollout.state.clock.running() || now < active.saved + kCheckpoint) {
    return;
  }
  Plan nothing;
  nothing.state = rollout.state;
  active.saved = now;
  absl::Status saved =
      Save(CommitOf(rollout, nothing, targets_, now), rollout.app);
  if (!saved.ok()) LogNotSaved(rollout, saved);
}

void RolloutDriver::TakeOver(Active& active, const Plan& plan) {
  bool changed = !plan.Empty();
  active.not_saved.clear();
  Apply(plan, active.rollout);
  active.wake_up = plan.wake_up;
  if (active.rollout.state.clock.running()) {
    active.wake_up = std::min(plan.wake_up, active.saved + kCheckpoint);
  }
  for (const GateLook& look : plan.looks) Ask(active, look);
  LogEvents(active.rollout, plan);
  if (changed) watchers_.Notify(active.rollout.uid);
}

absl::Status RolloutDriver::Save(const RolloutCommit& commit,
                                 const std::string& app) {
  return StoreError(store_.Commit(commit),
                    absl::StrCat("the rollout of ", app, " cannot be saved"));
}

void RolloutDriver::Stamp(Plan& plan) const {
  for (RolloutEvent& event : plan.events) {
    event.epoch = options_.epoch;
    if (event.actor.empty()) event.actor = kOwnActor;
  }
}

// A look that is asked for anew makes the one before it void.
void RolloutDriver::Ask(Active& active, const GateLook& look) {
  active.looks.resize(active.rollout.policy.gates.size());
  active.looks[look.gate] = look.look;
  const std::string& uid = active.rollout.uid;
  auto done = [this, alive = std::weak_ptr<int>(alive_), uid,
               look](const GateAnswer& answer) {
    if (!alive.expired()) OnAnswer(uid, look, answer);
  };
  if (options_.prober != nullptr) {
    options_.prober->Ask(active.rollout.policy.gates[look.gate], done);
    return;
  }
  loop_.Post([done] {
    done({0, GateVerdict::kInconclusive, "this controller asks nobody"});
  });
}

void RolloutDriver::OnAnswer(const std::string& uid, const GateLook& look,
                             const GateAnswer& answer) {
  auto it = active_.find(uid);
  if (it == active_.end()) return;
  Active& active = *it->second;
  if (active.looks[look.gate] != look.look) return;
  active.looks[look.gate] = 0;
  active.fleet.answers.resize(active.looks.size());
  active.fleet.answers[look.gate] = answer;
  active.fleet.answers[look.gate].look = look.look;
  PlanSoon(active);
}

absl::StatusOr<Rollout> RolloutDriver::Run(const RolloutOrder& order,
                                           Command command) {
  const Request request{order.actor, order.reason};
  Active* active = FindActive(order.name);
  if (active == nullptr) {
    ASSIGN_OR_RETURN(Rollout ended, reader_.Find(order.name));
    RETURN_IF_ERROR(CheckEtag(ended, order.etag));
    RETURN_IF_ERROR(command(ended, request, Now()).status());
    return ended;
  }
  RETURN_IF_ERROR(CheckEtag(active->rollout, order.etag));
  ASSIGN_OR_RETURN(Plan plan, command(active->rollout, request, Now()));
  Stamp(plan);
  if (plan.save) RETURN_IF_ERROR(SavePlan(*active, plan));
  PlanSoon(*active);
  return active->rollout;
}

absl::StatusOr<Rollout> RolloutDriver::Pause(const RolloutOrder& order) {
  return Run(order, PauseRollout);
}

absl::StatusOr<Rollout> RolloutDriver::Resume(const RolloutOrder& order) {
  return Run(order, ResumeRollout);
}

absl::StatusOr<Rollout> RolloutDriver::Abort(const RolloutOrder& order) {
  return Run(order, AbortRollout);
}

absl::StatusOr<Rollout> RolloutDriver::Retry(const RolloutOrder& order) {
  return Run(order, RetryRollout);
}

absl::StatusOr<Rollout> RolloutDriver::Promote(const RolloutOrder& order,
                                               bool now) {
  return Run(order, now ? PromoteNow : PromoteRollout);
}

absl::StatusOr<Rollout> RolloutDriver::Undo(const RolloutOrder& order) {
  return Run(order, UndoRollout);
}

absl::StatusOr<Rollout> RolloutDriver::Get(const std::string& name) {
  const Active* active = FindActive(name);
  if (active == nullptr) return reader_.Find(name);
  return WithNotSaved(active->rollout, active->not_saved);
}

absl::StatusOr<RolloutPage> RolloutDriver::List(const std::string& app,
                                                bool active_only,
                                                int64_t before, int limit) {
  return reader_.List(app, active_only, before, limit);
}

absl::Status RolloutDriver::AddWatcher(const std::string& uid,
                                       RolloutWatcher& watcher) {
  return watchers_.Add(uid, watcher);
}

void RolloutDriver::RemoveWatcher(const std::string& uid,
                                  RolloutWatcher& watcher) {
  watchers_.Remove(uid, watcher);
}

absl::StatusOr<RolloutChanges> RolloutDriver::ChangesSince(
    const std::string& uid, int64_t after_seq, int limit) {
  RolloutChanges changes;
  ASSIGN_OR_RETURN(changes.rollout, Get(uid));
  RETURN_IF_ERROR(reader_.ReadEvents(after_seq, limit, changes));
  return changes;
}

absl::Status RolloutDriver::CheckNoneActive(const std::string& app) const {
  const Rollout* active = FindActiveOf(app);
  if (active == nullptr) return absl::OkStatus();
  return ErrorWithReason(absl::StatusCode::kAborted, InTheWayText(*active),
                         {"ROLLOUT_IN_PROGRESS", {{"rollout", active->uid}}});
}

FleetView RolloutDriver::Look(const Rollout& rollout) const {
  FleetView fleet;
  fleet.hosts.reserve(rollout.steps.size());
  for (const HostStep& step : rollout.steps) {
    fleet.hosts.push_back(fleet_.View(step.host, rollout.app_uid));
  }
  return fleet;
}

// A gate that can never be answered is found out now, not when it bakes.
absl::Status RolloutDriver::CheckGates(const Policy& policy) const {
  const bool asks = std::any_of(
      policy.gates.begin(), policy.gates.end(),
      [](const MetricGate& gate) { return !IsSample(gate.source); });
  if (!asks || options_.prober == nullptr) return absl::OkStatus();
  absl::Status ready = options_.prober->Prepare();
  if (ready.ok()) return ready;
  return ErrorWithReason(
      absl::StatusCode::kInvalidArgument,
      absl::StrCat("metric_gates: this controller cannot ask anybody: ",
                   ready.message()),
      {"POLICY_INVALID", {}});
}

absl::StatusOr<Rollout> RolloutDriver::Create(const NewRollout& request) {
  if (request.request_id.size() > kMaxRequestIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("request_id has ", request.request_id.size(),
                     " bytes, at most ", kMaxRequestIdBytes, " are allowed"));
  }
  if (!request.request_id.empty()) {
    ASSIGN_OR_RETURN(std::optional<Rollout> same,
                     reader_.FindByRequest(request.request_id));
    if (same.has_value() && same->app != request.app.name) {
      return RequestIdReused(request.request_id, "another app");
    }
    if (same.has_value()) return Get(same->uid);
  }
  auto found = by_app_.find(request.app.name);
  Active* old = found == by_app_.end() ? nullptr : found->second;
  if (!request.supersede && !request.validate_only) {
    RETURN_IF_ERROR(CheckNoneActive(request.app.name));
  }
  ASSIGN_OR_RETURN(
      Rollout rollout,
      maker_.Make(request, old == nullptr ? nullptr : &old->rollout, Now()));
  RETURN_IF_ERROR(CheckGates(rollout.policy));
  if (!request.validate_only) return Begin(request, std::move(rollout), old);
  rollout.uid.clear();
  return rollout;
}

absl::StatusOr<Rollout> RolloutDriver::Begin(const NewRollout& request,
                                             Rollout rollout, Active* old) {
  const Moment now = Now();
  Plan begin = BeginRollout(rollout, now);
  Stamp(begin);
  RolloutCommit commit = CommitOf(rollout, begin, targets_, now.steady);
  AddAllSteps(rollout, commit);
  commit.app =
      AppAdvance{rollout.app, rollout.app_uid, rollout.state.generation, 0};
  commit.also_save = request.also_save;
  Plan end;
  if (old != nullptr) {
    ASSIGN_OR_RETURN(
        end,
        EndRollout(old->rollout, RolloutPhase::kSuperseded,
                   {request.actor, absl::StrCat("superseded by ", rollout.uid)},
                   now));
    Stamp(end);
    Merge(CommitOf(old->rollout, end, targets_, now.steady), commit);
  }
  RETURN_IF_ERROR(Save(commit, rollout.app));

  if (old != nullptr) {
    const std::string old_uid = old->rollout.uid;
    TakeOver(*old, end);
    ForgetIfEnded(old_uid);
  }
  Active& active = Insert(std::move(rollout));
  TakeOver(active, begin);
  targets_.OnCommitted(commit);
  PlanSoon(active);
  return active.rollout;
}

absl::Status RolloutDriver::EndForDeletedApp(
    const std::string& app, const std::string& actor,
    std::function<absl::Status()> also_save) {
  auto found = by_app_.find(app);
  if (found == by_app_.end()) {
    RolloutCommit commit;
    commit.also_save = std::move(also_save);
    return Save(commit, app);
  }
  Active& active = *found->second;
  ASSIGN_OR_RETURN(Plan end, EndRollout(active.rollout, RolloutPhase::kAborted,
                                        {actor, "the app was deleted"}, Now()));
  Stamp(end);
  RolloutCommit commit = CommitOf(active.rollout, end, targets_, Now().steady);
  commit.also_save = std::move(also_save);
  RETURN_IF_ERROR(Save(commit, app));
  std::string uid = active.rollout.uid;
  TakeOver(active, end);
  targets_.OnCommitted(commit);
  ForgetIfEnded(uid);
  return absl::OkStatus();
}

}  // namespace fleet::controller
