#include "controller/rollout_rows.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/rollout_row_enums.h"
#include "controller/row_json.h"

namespace fleet::controller {
namespace {

using Json = nlohmann::json;

// One list of fields for both directions: `f` is a RowWriter with const values
// or a RowReader.
struct HookFields {
  template <class F, class T>
  void operator()(F& f, T& h) const {
    f("command", h.command);
    f("timeout", h.timeout);
  }
};

struct GateFields {
  template <class F, class T>
  void operator()(F& f, T& g) const {
    f("source", g.source);
    f("url", g.url);
    f("query", g.query);
    f("min", g.min);
    f("max", g.max);
    f("status", g.status);
    f("interval", g.interval);
    f("timeout", g.timeout);
    f("window", g.window);
    f("no_data", g.no_data);
  }
};

struct GateStateFields {
  template <class F, class T>
  void operator()(F& f, T& g) const {
    f("verdict", g.verdict);
    f("answer", g.answer);
    f("time", g.time);
    f("final", g.final);
    f("since", g.since);
  }
};

struct HookRunFields {
  template <class F, class T>
  void operator()(F& f, T& r) const {
    f("phase", r.phase);
    f("host", r.host);
    f("attempt", r.attempt);
    f("started_at", r.started_at);
    f("reason", r.reason);
    f("output", r.output);
  }
};

template <class F, class T>
void StepPolicyFields(F& f, T& p) {
  f("strategy", p.strategy);
  f("min_ready_time", p.min_ready_time);
  f("ready_deadline", p.ready_deadline);
  f("max_flaps", p.max_flaps);
  f("rollout", p.rollout);
}

template <class F, class T>
void PolicyFields(F& f, T& p) {
  f("max_parallel", p.max_parallel);
  f("max_failures", p.max_failures);
  f("max_skipped", p.max_skipped);
  f("max_unavailable", p.max_unavailable);
  f("max_zones", p.max_zones);
  f("zone_label", p.zone_label);
  f("order", p.order);
  f("waves", p.waves);
  f("promotion", p.promotion);
  f("on_failure", p.on_failure);
  f("bake_time", p.bake_time);
  f("progress_deadline", p.progress_deadline);
  f("total_deadline", p.total_deadline);
  f("step_deadline", p.step_deadline);
  f("unknown_grace", p.unknown_grace);
  f("stop_time", p.stop_time);
  StepPolicyFields(f, p.step);
}

template <class F, class T>
void StateFields(F& f, T& s) {
  f("phase", s.phase);
  f("aborting", s.aborting);
  f("abort_reason", s.end_reason);
  f("failed", s.failed);
  f("message", s.message);
  f("generation", s.generation);
  f("wave", s.wave);
  f("baked", s.baked);
  f("promoted", s.promoted);
  f("bake_failure", s.bake_failure);
  f("failures", s.failures);
  f("forgiven", s.forgiven);
  f("forgiven_wave", s.forgiven_wave);
  f("skip_any", s.skip_any);
  f("progress_at", s.progress_at);
  f("total_at", s.total_at);
  f("bake_until", s.bake_until);
  f("step_time", s.step_time);
  f("last_seq", s.last_seq);
  f("end_time", s.end_time);
}

template <class F, class T>
void RolloutFields(F& f, T& r) {
  f("app_uid", r.app_uid);
  f("kind", r.kind);
  f("from_revision", r.from_revision);
  f("to_revision", r.to_revision);
  f("rollback_revision", r.rollback_revision);
  f("create_time", r.create_time);
  f("actor", r.actor);
  f("epoch", r.epoch);
  f("step_estimate", r.step_estimate);
}

struct HoldFields {
  template <class F, class T>
  void operator()(F& f, T& h) const {
    f("kind", h.kind);
    f("reason", h.reason);
    f("since", h.since);
  }
};

template <class F, class T>
void ReportFields(F& f, T& r) {
  f("generation", r.generation);
  f("revision", r.revision);
  f("phase", r.phase);
  f("slots_done", r.slots_done);
  f("slots_total", r.slots_total);
  f("slot", r.slot);
  f("flaps", r.flaps);
  f("failure", r.failure);
  f("reason", r.reason);
  f("stderr_tail", r.stderr_tail);
}

template <class F, class T>
void StepFields(F& f, T& s) {
  f("host", s.host);
  f("zone", s.zone);
  f("wave", s.wave);
  f("phase", s.phase);
  f("skip", s.skip);
  f("touched", s.touched);
  f("lost", s.lost);
  f("away", s.away);
  f("reason", s.reason);
  f("attempt", s.attempt);
  f("generation", s.generation);
  f("admit_time", s.admit_time);
  f("end_time", s.end_time);
  f("admitted_at", s.admitted_at);
  f("unknown_at", s.unknown_at);
  f("restarts_before", s.restarts_before);
}

template <class F, class T>
void EventFields(F& f, T& e) {
  f("time", e.time);
  f("host", e.host);
  f("host_phase", e.host_phase);
  f("phase", e.phase);
  f("message", e.message);
  f("actor", e.actor);
  f("epoch", e.epoch);
}

// An object of its own under `key`; left out when it is as by default.
template <class T, class Fields>
void WriteObject(RowWriter& to, const char* key, const T& value,
                 Fields fields) {
  if (value == T()) return;
  RowWriter writer;
  fields(writer, value);
  to.Object(key, std::move(writer).Take());
}

template <class T, class Fields>
void ReadObject(const RowReader& from, const char* key, T& value,
                Fields fields) {
  const Json json = from.Object(key);
  const RowReader reader(json);
  fields(reader, value);
}

template <class T, class Fields>
void WriteList(RowWriter& to, const char* key, const std::vector<T>& values,
               Fields fields) {
  Json list = Json::array();
  for (const T& value : values) {
    RowWriter writer;
    fields(writer, value);
    list.push_back(std::move(writer).Take());
  }
  if (!list.empty()) to.Object(key, std::move(list));
}

template <class T, class Fields>
void ReadList(const Json& from, const char* key, std::vector<T>& values,
              Fields fields) {
  for (const Json& item : from.value(key, Json::array())) {
    const RowReader reader(item);
    fields(reader, values.emplace_back());
  }
}

void WritePolicy(RowWriter& to, const Policy& policy) {
  RowWriter writer;
  PolicyFields(writer, policy);
  WriteObject(writer, "pre_reload", policy.step.pre_reload, HookFields());
  WriteObject(writer, "post_reload", policy.step.post_reload, HookFields());
  WriteObject(writer, "pre_rollout", policy.pre_rollout, HookFields());
  WriteObject(writer, "post_rollout", policy.post_rollout, HookFields());
  WriteObject(writer, "pre_revert", policy.pre_revert, HookFields());
  WriteObject(writer, "post_revert", policy.post_revert, HookFields());
  WriteList(writer, "gates", policy.gates, GateFields());
  to.Object("policy", std::move(writer).Take());
}

void ReadPolicy(const RowReader& from, Policy& policy) {
  const Json json = from.Object("policy");
  const RowReader reader(json);
  PolicyFields(reader, policy);
  ReadObject(reader, "pre_reload", policy.step.pre_reload, HookFields());
  ReadObject(reader, "post_reload", policy.step.post_reload, HookFields());
  ReadObject(reader, "pre_rollout", policy.pre_rollout, HookFields());
  ReadObject(reader, "post_rollout", policy.post_rollout, HookFields());
  ReadObject(reader, "pre_revert", policy.pre_revert, HookFields());
  ReadObject(reader, "post_revert", policy.post_revert, HookFields());
  ReadList(json, "gates", policy.gates, GateFields());
}

void WriteState(RowWriter& to, const RolloutState& state, absl::Time now) {
  StateFields(to, state);
  to("elapsed", state.clock.Elapsed(now));
  WriteList(to, "holds", state.holds, HoldFields());
  WriteList(to, "gate_states", state.gates, GateStateFields());
  WriteObject(to, "pre_rollout", state.pre_rollout, HookRunFields());
  WriteObject(to, "post_rollout", state.post_rollout, HookRunFields());
}

void ReadState(const Json& json, RolloutState& state) {
  const RowReader body(json);
  StateFields(body, state);
  absl::Duration elapsed;
  body("elapsed", elapsed);
  state.clock = RolloutClock(elapsed);
  ReadList(json, "holds", state.holds, HoldFields());
  ReadList(json, "gate_states", state.gates, GateStateFields());
  ReadObject(body, "pre_rollout", state.pre_rollout, HookRunFields());
  ReadObject(body, "post_rollout", state.post_rollout, HookRunFields());
}

}  // namespace

RolloutRow ToRow(const RolloutSummary& summary, absl::Time now) {
  const Rollout& rollout = summary.rollout;
  RowWriter body;
  RolloutFields(body, rollout);
  WritePolicy(body, rollout.policy);
  WriteState(body, rollout.state, now);
  body("hosts_done", summary.hosts_done);
  body("hosts_total", summary.hosts_total);

  RolloutRow row;
  row.uid = rollout.uid;
  row.app = rollout.app;
  row.request_id = rollout.request_id;
  row.active = !Terminal(rollout.state.phase);
  row.body = RowText(std::move(body).Take());
  return row;
}

RolloutStepRow ToRow(const std::string& uid, size_t index,
                     const HostStep& step) {
  RowWriter body;
  RowWriter progress;
  StepFields(body, step);
  ReportFields(progress, step.progress);
  body.Object("progress", std::move(progress).Take());
  return {uid, static_cast<int64_t>(index), RowText(std::move(body).Take())};
}

RolloutEventRow ToRow(const std::string& uid, const RolloutEvent& event) {
  RowWriter body;
  EventFields(body, event);
  return {uid, event.seq, RowText(std::move(body).Take())};
}

absl::StatusOr<RolloutSummary> FromRow(const RolloutRow& row) {
  RolloutSummary summary;
  Rollout& rollout = summary.rollout;
  rollout.uid = row.uid;
  rollout.app = row.app;
  rollout.request_id = row.request_id;
  absl::Status status =
      DecodeRow("rollout " + row.uid, row.body, [&](const Json& json) {
        const RowReader body(json);
        RolloutFields(body, rollout);
        ReadPolicy(body, rollout.policy);
        ReadState(json, rollout.state);
        body("hosts_done", summary.hosts_done);
        body("hosts_total", summary.hosts_total);
      });
  if (!status.ok()) return status;
  return summary;
}

absl::StatusOr<HostStep> FromRow(const RolloutStepRow& row) {
  HostStep step;
  std::string what = absl::StrCat("step ", row.index, " of rollout ", row.uid);
  absl::Status status = DecodeRow(what, row.body, [&step](const Json& json) {
    const RowReader body(json);
    StepFields(body, step);
    const Json progress = body.Object("progress");
    const RowReader progress_reader(progress);
    ReportFields(progress_reader, step.progress);
  });
  if (!status.ok()) return status;
  return step;
}

absl::StatusOr<RolloutEvent> FromRow(const RolloutEventRow& row) {
  RolloutEvent event;
  event.seq = row.seq;
  std::string what = absl::StrCat("event ", row.seq, " of rollout ", row.uid);
  absl::Status status = DecodeRow(what, row.body, [&event](const Json& json) {
    const RowReader body(json);
    EventFields(body, event);
  });
  if (!status.ok()) return status;
  return event;
}

}  // namespace fleet::controller
