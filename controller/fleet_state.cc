#include "controller/fleet_state.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "proto/rpc/failure_kind_proto.h"
#include "proto/rpc/proto_time.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxAppsPerHost = 2000;
constexpr size_t kMaxAppBytes = 1 << 20;
constexpr size_t kMaxBytesPerHost = 16 << 20;
constexpr size_t kMaxRefusalText = 4 << 10;
constexpr size_t kMaxUsageBytes = 16 << 10;
constexpr int kMaxStderrLines = 20;
constexpr int kMaxHookLines = 50;

StepReportPhase PhaseOf(v1::StepPhase phase) {
  switch (phase) {
    case v1::STEP_PHASE_APPLYING:
      return StepReportPhase::kApplying;
    case v1::STEP_PHASE_VERIFYING:
      return StepReportPhase::kVerifying;
    case v1::STEP_PHASE_DONE:
      return StepReportPhase::kDone;
    case v1::STEP_PHASE_FAILED:
      return StepReportPhase::kFailed;
    case v1::STEP_PHASE_UNSPECIFIED:
    case v1::StepPhase_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::StepPhase_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return StepReportPhase::kNone;
}

HookPhase PhaseOf(v1::HookPhase phase) {
  if (phase == v1::HOOK_PHASE_RUNNING) return HookPhase::kRunning;
  if (phase == v1::HOOK_PHASE_DONE) return HookPhase::kDone;
  if (phase == v1::HOOK_PHASE_FAILED) return HookPhase::kFailed;
  return HookPhase::kNone;
}

HookReport ToHookReport(const v1::HookResult& hook) {
  HookReport report{hook.id(), PhaseOf(hook.phase()), hook.reason(), {}};
  const int lines = hook.output_size();
  for (int i = std::max(0, lines - kMaxHookLines); i < lines; ++i) {
    report.output.push_back(hook.output(i));
  }
  return report;
}

// Those that people have stopped while the app runs: nobody misses them.
int StoppedSlots(const v1::AppStatus& status) {
  return static_cast<int>(
      std::count_if(status.instances().begin(), status.instances().end(),
                    [](const v1::Instance& instance) {
                      return instance.state() == v1::INSTANCE_STATE_STOPPED;
                    }));
}

bool IsDown(const v1::Instance& instance) {
  return !instance.ready() && instance.state() != v1::INSTANCE_STATE_STOPPED &&
         instance.state() != v1::INSTANCE_STATE_STOPPING;
}

InstanceTrouble TroubleOf(const v1::AppStatus& status) {
  const v1::Instance* worst = nullptr;
  for (const v1::Instance& instance : status.instances()) {
    if (IsDown(instance)) {
      worst = &instance;
      break;
    }
    if (instance.last_exit().empty()) continue;
    const bool younger =
        worst == nullptr || fleet::FromProto(instance.start_time()) >
                                fleet::FromProto(worst->start_time());
    if (younger) worst = &instance;
  }
  if (worst == nullptr) return {};
  InstanceTrouble trouble{
      worst->slot(), worst->last_exit(), worst->reason(), {}};
  const int lines = worst->stderr_tail_size();
  for (int i = std::max(0, lines - kMaxStderrLines); i < lines; ++i) {
    trouble.stderr_tail.push_back(worst->stderr_tail(i));
  }
  return trouble;
}

// Slots are counted, not workers: in a surge a slot has two.
void CountInstances(const v1::AppStatus& status, int64_t generation,
                    HostView& view) {
  std::set<int> ready;
  std::set<int> available;
  std::map<int, int64_t> restarts;
  // What does not serve only counts where nothing does.
  int64_t serving = 0;
  int64_t unready = 0;
  for (const v1::Instance& instance : status.instances()) {
    if (instance.ready()) ready.insert(instance.slot());
    if (instance.available()) available.insert(instance.slot());
    restarts[instance.slot()] = instance.restarts();
    if (instance.pid() == 0) continue;
    int64_t& newest = instance.ready() ? serving : unready;
    newest = std::max(newest, instance.revision());
    if (instance.generation() != generation) continue;
    view.cpu_cores = std::max(view.cpu_cores, instance.cpu_cores());
    view.rss_bytes = std::max(view.rss_bytes, instance.rss_bytes());
  }
  view.running_revision = serving != 0 ? serving : unready;
  view.instances_ready = static_cast<int>(ready.size());
  view.instances_available = static_cast<int>(available.size());
  for (const auto& [slot, count] : restarts) view.restarts += count;
  view.trouble = TroubleOf(status);
  if (status.run_state() != v1::RUN_STATE_STOPPED) {
    view.instances_total = status.desired_instances() - StoppedSlots(status);
  }
}

// A target that the host would not even take.
StepReport RefusedStep(const HostTarget& target, std::string message) {
  StepReport report;
  report.generation = target.generation;
  report.revision = target.revision;
  report.phase = StepReportPhase::kFailed;
  report.failure = FailureKind::kSpec;
  report.reason = std::move(message);
  return report;
}

}  // namespace

StepReport ToStepReport(const v1::AppStatus& status) {
  const v1::Step& step = status.step();
  StepReport report;
  report.generation = step.generation();
  report.revision = status.revision();
  report.phase = PhaseOf(step.phase());
  report.slots_done = step.slots_done();
  report.slots_total = step.slots_total();
  report.slot = step.slot();
  report.flaps = step.flaps();
  report.failure = fleet::FromProto(step.failure());
  report.reason = step.reason();
  const int lines = step.stderr_tail_size();
  for (int i = std::max(0, lines - kMaxStderrLines); i < lines; ++i) {
    report.stderr_tail.push_back(step.stderr_tail(i));
  }
  return report;
}

void FleetState::SetAll(
    const std::string& host,
    const google::protobuf::RepeatedPtrField<v1::AppStatus>& apps) {
  by_host_[host].apps.clear();
  by_host_[host].bytes = 0;
  for (const v1::AppStatus& app : apps) Set(host, app);
}

bool FleetState::Set(const std::string& host, const v1::AppStatus& app) {
  HostReports& reports = by_host_[host];
  auto known = reports.apps.find(app.app_uid());
  const bool is_new = known == reports.apps.end();
  const size_t bytes = app.ByteSizeLong();
  const size_t others = reports.bytes - (is_new ? 0 : known->second.bytes);
  if ((is_new && reports.apps.size() >= kMaxAppsPerHost) ||
      bytes > kMaxAppBytes || others + bytes > kMaxBytesPerHost) {
    return false;
  }
  reports.apps[app.app_uid()] = {app, clock_.WallNow(), bytes};
  reports.bytes = others + bytes;
  return true;
}

void FleetState::Remove(const std::string& host, const std::string& app_uid) {
  HostReports& reports = by_host_[host];
  auto known = reports.apps.find(app_uid);
  if (known == reports.apps.end()) return;
  reports.bytes -= known->second.bytes;
  reports.apps.erase(known);
}

void FleetState::SetUsage(const std::string& host, const v1::HostUsage& usage) {
  if (usage.ByteSizeLong() > kMaxUsageBytes) return;
  by_host_[host].usage = usage;
  by_host_[host].has_usage = true;
}

void FleetState::SetSample(const std::string& host,
                           const v1::InstanceSample& sample) {
  auto& apps = by_host_[host].apps;
  auto app = apps.find(sample.app_uid());
  if (app == apps.end()) return;
  for (v1::Instance& instance : *app->second.status.mutable_instances()) {
    if (instance.worker_id() != sample.worker_id()) continue;
    instance.set_rss_bytes(sample.rss_bytes());
    instance.set_cpu_cores(sample.cpu_cores());
    instance.set_processes(sample.processes());
    instance.set_threads(sample.threads());
    instance.set_open_files(sample.open_files());
    instance.set_pss_bytes(sample.pss_bytes());
    if (sample.has_event_loop_free()) {
      instance.set_event_loop_free(sample.event_loop_free());
    }
    if (sample.has_logs()) *instance.mutable_logs() = sample.logs();
  }
}

void FleetState::ForgetHost(const std::string& host) { by_host_.erase(host); }

void FleetState::SetRefusal(const std::string& host, const std::string& app_uid,
                            int64_t serial, const std::string& message) {
  by_host_[host].refusals[app_uid] = {serial,
                                      message.substr(0, kMaxRefusalText)};
}

bool FleetState::ForgetRefusal(const std::string& host,
                               const std::string& app_uid) {
  auto reports = by_host_.find(host);
  return reports != by_host_.end() &&
         reports->second.refusals.erase(app_uid) > 0;
}

std::string FleetState::RefusalOf(const HostTarget& target) const {
  auto host = by_host_.find(target.host);
  if (host == by_host_.end()) return "";
  auto refusal = host->second.refusals.find(target.app_uid);
  if (refusal == host->second.refusals.end() ||
      refusal->second.serial != target.serial) {
    return "";
  }
  return refusal->second.message;
}

const ObservedApp* FleetState::Find(const std::string& host,
                                    const std::string& app_uid) const {
  auto reports = by_host_.find(host);
  if (reports == by_host_.end()) return nullptr;
  auto app = reports->second.apps.find(app_uid);
  return app == reports->second.apps.end() ? nullptr : &app->second;
}

const v1::HostUsage* FleetState::UsageOf(const std::string& host) const {
  auto reports = by_host_.find(host);
  if (reports == by_host_.end() || !reports->second.has_usage) return nullptr;
  return &reports->second.usage;
}

InstanceCounts FleetState::CountOn(
    const std::string& host,
    const std::function<bool(const std::string& app_uid)>& counted) const {
  InstanceCounts counts;
  auto reports = by_host_.find(host);
  if (reports == by_host_.end()) return counts;
  for (const auto& [uid, app] : reports->second.apps) {
    if (!counted(uid)) continue;
    for (const v1::Instance& instance : app.status.instances()) {
      if (instance.pid() == 0) continue;
      ++counts.total;
      if (instance.ready()) ++counts.ready;
    }
  }
  return counts;
}

std::vector<std::string> FleetState::AppsOn(const std::string& host) const {
  std::vector<std::string> uids;
  auto reports = by_host_.find(host);
  if (reports == by_host_.end()) return uids;
  for (const auto& [uid, app] : reports->second.apps) uids.push_back(uid);
  return uids;
}

std::vector<std::string> FleetState::ReportersOf(
    const std::string& app_uid) const {
  std::vector<std::string> hosts;
  for (const auto& [host, reports] : by_host_) {
    if (reports.apps.contains(app_uid)) hosts.push_back(host);
  }
  return hosts;
}

std::vector<std::string> FleetState::HostsOf(const std::string& app_uid) const {
  const AppEntry* app = registry_.FindByUid(app_uid);
  return app == nullptr ? std::vector<std::string>()
                        : AppRegistry::HostsWith(*app);
}

std::string FleetState::LabelOf(const std::string& host,
                                const std::string& label) const {
  const KnownHost* known = hosts_.Find(host);
  if (known == nullptr) return "";
  auto found = known->record.labels.find(label);
  return found == known->record.labels.end() ? "" : found->second;
}

HostView FleetState::View(const std::string& host,
                          const std::string& app_uid) const {
  HostView view;
  const KnownHost* known = hosts_.Find(host);
  const HostTarget* target = registry_.FindTarget(app_uid, host);
  view.removed = known == nullptr;
  view.connected = known != nullptr && known->connected;
  view.cordoned = known != nullptr && known->record.cordon.has_value();
  if (const ObservedApp* app = Find(host, app_uid)) {
    view.report = ToStepReport(app->status);
    for (const v1::HookResult& hook : app->status.hooks()) {
      view.hooks.push_back(ToHookReport(hook));
    }
    const int64_t generation = target == nullptr ? 0 : target->generation;
    CountInstances(app->status, generation, view);
  }
  if (target == nullptr) return view;
  view.placed_during = target->placed_during;
  std::string refusal = RefusalOf(*target);
  if (!refusal.empty()) view.report = RefusedStep(*target, std::move(refusal));
  return view;
}

}  // namespace fleet::controller
