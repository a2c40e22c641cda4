#include "node_agent/status_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "node_agent/app_events.h"
#include "node_agent/app_reconciler.h"
#include "node_agent/reconcile_pass.h"
#include "proto/rpc/failure_kind_proto.h"
#include "proto/rpc/proto_time.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kClockTolerance = absl::Seconds(5);

v1::StepPhase ToProto(StepPhase phase) {
  switch (phase) {
    case StepPhase::kNone:
      return v1::STEP_PHASE_UNSPECIFIED;
    case StepPhase::kApplying:
      return v1::STEP_PHASE_APPLYING;
    case StepPhase::kVerifying:
      return v1::STEP_PHASE_VERIFYING;
    case StepPhase::kDone:
      return v1::STEP_PHASE_DONE;
    case StepPhase::kFailed:
      return v1::STEP_PHASE_FAILED;
  }
  return v1::STEP_PHASE_UNSPECIFIED;
}

StepPhase FromProto(v1::StepPhase phase) {
  for (StepPhase p : {StepPhase::kApplying, StepPhase::kVerifying,
                      StepPhase::kDone, StepPhase::kFailed}) {
    if (ToProto(p) == phase) return p;
  }
  return StepPhase::kNone;
}

v1::HookPhase ToProto(HookPhase phase) {
  switch (phase) {
    case HookPhase::kRunning:
      return v1::HOOK_PHASE_RUNNING;
    case HookPhase::kDone:
      return v1::HOOK_PHASE_DONE;
    case HookPhase::kFailed:
      return v1::HOOK_PHASE_FAILED;
  }
  return v1::HOOK_PHASE_UNSPECIFIED;
}

v1::AppEventKind ToProto(AppEvent::Kind kind) {
  switch (kind) {
    case AppEvent::Kind::kCrash:
      return v1::APP_EVENT_KIND_CRASH;
    case AppEvent::Kind::kCrashLoop:
      return v1::APP_EVENT_KIND_CRASH_LOOP;
    case AppEvent::Kind::kUnhealthy:
      return v1::APP_EVENT_KIND_UNHEALTHY;
    case AppEvent::Kind::kRenewal:
      return v1::APP_EVENT_KIND_RENEWAL;
    case AppEvent::Kind::kRenewalFailed:
      return v1::APP_EVENT_KIND_RENEWAL_FAILED;
  }
  return v1::APP_EVENT_KIND_UNSPECIFIED;
}

AppEvent::Kind FromProto(v1::AppEventKind kind) {
  for (const AppEvent::Kind known :
       {AppEvent::Kind::kCrashLoop, AppEvent::Kind::kUnhealthy,
        AppEvent::Kind::kRenewal, AppEvent::Kind::kRenewalFailed}) {
    if (ToProto(known) == kind) return known;
  }
  return AppEvent::Kind::kCrash;
}

v1::InstanceState StateOf(const Worker& worker) {
  if (!worker.live()) return v1::INSTANCE_STATE_STOPPING;
  if (worker.ready) return v1::INSTANCE_STATE_ONLINE;
  return worker.was_ready ? v1::INSTANCE_STATE_UNREADY
                          : v1::INSTANCE_STATE_STARTING;
}

// The calendar may have been set since the worker was started: by as much as
// one sees, the start goes along, so that its age stays what it is.
absl::Time ShownStartOf(const Worker& worker, ReportTime now) {
  absl::Time by_age = now.wall - (now.steady - worker.started_at);
  bool set = absl::AbsDuration(by_age - worker.start_time) > kClockTolerance;
  return set ? by_age : worker.start_time;
}

void FillWorker(const Worker& worker, const WorkerSamples& samples,
                ReportTime now, v1::Instance& instance) {
  instance.set_worker_id(worker.id);
  instance.set_pid(worker.pid);
  instance.set_generation(worker.generation);
  instance.set_state(StateOf(worker));
  instance.set_ready(worker.ready && !worker.exited);
  instance.set_available(worker.available);
  *instance.mutable_start_time() = ToProtoTimestamp(ShownStartOf(worker, now));
  instance.set_reason(worker.ready ? worker.renewal_reason : worker.detail);
  instance.set_status_text(worker.status_text);
  auto sample = samples.find(worker.id);
  if (sample != samples.end()) {
    instance.set_rss_bytes(sample->second.rss_bytes);
    instance.set_cpu_cores(sample->second.cpu_cores);
    instance.set_processes(sample->second.processes);
    instance.set_threads(sample->second.threads);
    instance.set_open_files(sample->second.open_files);
    instance.set_pss_bytes(sample->second.pss_bytes);
    if (sample->second.event_loop_free.has_value()) {
      instance.set_event_loop_free(*sample->second.event_loop_free);
    }
    FillLogs(sample->second.logs, *instance.mutable_logs());
  }
}

v1::InstanceState StateOfEmpty(const AppState& app, int index,
                               const Slot& slot) {
  if (!app.wants_workers() || app.target.stops(index))
    return v1::INSTANCE_STATE_STOPPED;
  switch (slot.phase) {
    case SlotPhase::kRunning:  // About to start.
      return v1::INSTANCE_STATE_STARTING;
    case SlotPhase::kBackoff:
      return v1::INSTANCE_STATE_BACKOFF;
    case SlotPhase::kCrashLoop:
      return v1::INSTANCE_STATE_CRASH_LOOP;
    case SlotPhase::kExited:
      return v1::INSTANCE_STATE_EXITED;
  }
  return v1::INSTANCE_STATE_UNSPECIFIED;
}

void AddLastWords(const Slot& slot, v1::Instance& instance) {
  instance.mutable_stderr_tail()->Add(slot.last_stderr.begin(),
                                      slot.last_stderr.end());
}

void FillEmpty(const AppState& app, int index, const Slot& slot, ReportTime now,
               v1::Instance& instance) {
  instance.set_generation(slot.generation);
  instance.set_state(StateOfEmpty(app, index, slot));
  if (app.wants_workers() && app.target.stops(index)) {
    instance.set_reason("by hand, until it is started or the app is reloaded");
  }
  if (instance.state() == v1::INSTANCE_STATE_CRASH_LOOP) {
    instance.set_reason(CrashLoopText(slot));
  }
  bool failed = instance.state() == v1::INSTANCE_STATE_CRASH_LOOP ||
                instance.state() == v1::INSTANCE_STATE_BACKOFF;
  if (failed) AddLastWords(slot, instance);
  if (instance.state() == v1::INSTANCE_STATE_STARTING && IsHeld(app)) {
    instance.set_reason(absl::StrCat("waits for app ", app.held_by));
  }
  if (instance.state() == v1::INSTANCE_STATE_BACKOFF &&
      slot.next_start > now.steady) {
    *instance.mutable_next_start_time() =
        ToProtoTimestamp(now.wall + (slot.next_start - now.steady));
  }
}

void FillSlot(const AppState& app, int index, const Slot& slot,
              v1::Instance& instance) {
  instance.set_slot(index);
  instance.set_restarts(slot.restart.restarts);
  instance.set_last_exit(slot.last_exit);
  if (slot.last_exit_code) instance.set_last_exit_code(*slot.last_exit_code);
  instance.set_unstable_exits(slot.restart.unstable_exits);
  auto generation = app.generations.find(instance.generation());
  if (generation != app.generations.end()) {
    instance.set_revision(generation->second.revision);
  }
}

void AddSlot(const AppState& app, int index, const Slot& slot,
             const WorkerSamples& samples, ReportTime now,
             v1::AppStatus& status) {
  const bool wanted = app.wants_workers() && !app.target.stops(index) &&
                      index < app.target.instances;
  bool serves = false;
  bool ending = false;
  for (const auto& [id, worker] : slot.workers) {
    // The rest of a crashed worker's tree is told by its slot, until the slot
    // is to be empty: it is not while anything lives.
    if (worker.exited && !worker.stopping && wanted) continue;
    v1::Instance& instance = *status.add_instances();
    FillWorker(worker, samples, now, instance);
    FillSlot(app, index, slot, instance);
    const bool after_a_failure = slot.last_failure != FailureKind::kNone &&
                                 !worker.was_ready && !worker.stopping;
    if (after_a_failure) AddLastWords(slot, instance);
    serves |= worker.live();
    ending |= !worker.live();
  }
  bool says_nothing_new = slot.phase == SlotPhase::kRunning && ending;
  if (serves || says_nothing_new || index >= app.target.instances) return;
  v1::Instance& instance = *status.add_instances();
  FillEmpty(app, index, slot, now, instance);
  FillSlot(app, index, slot, instance);
}

}  // namespace

void FillLogs(const LogCounters& logs, v1::LogCounters& proto) {
  proto.set_bytes(logs.bytes);
  proto.set_lost_bytes(logs.lost_bytes);
  proto.set_full_pipes(logs.full_pipes);
  proto.set_problem(logs.problem);
}

v1::Step ToProto(const StepState& step) {
  v1::Step proto;
  proto.set_generation(step.generation);
  proto.set_phase(ToProto(step.phase));
  proto.set_reason(step.reason);
  for (const std::string& line : step.stderr_tail) proto.add_stderr_tail(line);
  proto.set_slot(step.slot);
  proto.set_failure(ToProto(step.failure));
  proto.set_flaps(step.flaps);
  return proto;
}

StepState FromProto(const v1::Step& proto) {
  StepState step;
  step.generation = proto.generation();
  step.phase = FromProto(proto.phase());
  step.failure = fleet::FromProto(proto.failure());
  step.reason = proto.reason();
  step.stderr_tail.assign(proto.stderr_tail().begin(),
                          proto.stderr_tail().end());
  step.slot = proto.slot();
  step.flaps = proto.flaps();
  return step;
}

v1::AppEvent ToProto(const AppEvent& event, ReportTime now) {
  v1::AppEvent proto;
  *proto.mutable_time() =
      ToProtoTimestamp(now.wall + (event.time - now.steady));
  proto.set_kind(ToProto(event.kind));
  proto.set_slot(event.slot);
  proto.set_text(event.text);
  return proto;
}

AppEvent FromProto(const v1::AppEvent& proto, ReportTime now) {
  return {FromProto(proto.kind()),
          now.steady + (fleet::FromProto(proto.time()) - now.wall),
          proto.slot(), proto.text()};
}

v1::HookResult ToProto(const HookRecord& hook) {
  v1::HookResult proto;
  proto.set_id(hook.id);
  proto.set_name(hook.name);
  proto.set_phase(ToProto(hook.phase));
  proto.set_reason(hook.end.reason);
  for (const std::string& line : hook.end.output) proto.add_output(line);
  *proto.mutable_start_time() = ToProtoTimestamp(hook.start_time);
  if (hook.end_time != absl::InfinitePast()) {
    *proto.mutable_end_time() = ToProtoTimestamp(hook.end_time);
  }
  return proto;
}

HookRecord FromProto(const v1::HookResult& proto) {
  HookRecord hook;
  hook.id = proto.id();
  hook.name = proto.name();
  if (proto.phase() == v1::HOOK_PHASE_DONE) hook.phase = HookPhase::kDone;
  if (proto.phase() == v1::HOOK_PHASE_FAILED) hook.phase = HookPhase::kFailed;
  hook.end.success = hook.phase == HookPhase::kDone;
  hook.end.reason = proto.reason();
  hook.end.output.assign(proto.output().begin(), proto.output().end());
  hook.start_time = fleet::FromProto(proto.start_time());
  if (proto.has_end_time()) hook.end_time = fleet::FromProto(proto.end_time());
  return hook;
}

v1::AppStatus MakeAppStatus(const AppState& app, const WorkerSamples& samples,
                            ReportTime now) {
  v1::AppStatus status;
  status.set_app(app.target.app);
  status.set_app_uid(app.target.app_uid);
  status.set_serial(app.target.serial);
  status.set_generation(app.target.generation);
  status.set_revision(app.target.revision);
  status.set_run_state(app.target.stopped ? v1::RUN_STATE_STOPPED
                                          : v1::RUN_STATE_RUNNING);
  status.set_desired_instances(app.target.instances);
  *status.mutable_step() = ToProto(app.step);
  status.mutable_step()->set_slots_done(SlotsDone(app));
  status.mutable_step()->set_slots_total(app.target.instances);
  for (const auto& [index, slot] : app.slots) {
    AddSlot(app, index, slot, samples, now, status);
  }
  for (const HookRecord& hook : app.hooks) *status.add_hooks() = ToProto(hook);
  for (const AppEvent& event : app.events) {
    *status.add_events() = ToProto(event, now);
  }
  if (app.target.removed) status.set_message("is being removed");
  return status;
}

}  // namespace fleet::agent
