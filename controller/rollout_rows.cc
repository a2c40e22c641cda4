#include "controller/rollout_rows.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fleet::controller {
namespace {

using Json = nlohmann::json;

// The names in the store. Never change one.
template <class E>
struct EnumNames;

template <>
struct EnumNames<RolloutKind> {
  static constexpr std::pair<RolloutKind, const char*> kAll[] = {
      {RolloutKind::kReload, "reload"},
      {RolloutKind::kRestart, "restart"},
      {RolloutKind::kDeploy, "deploy"}};
};
template <>
struct EnumNames<RolloutPhase> {
  static constexpr std::pair<RolloutPhase, const char*> kAll[] = {
      {RolloutPhase::kQueued, "queued"},
      {RolloutPhase::kRolling, "rolling"},
      {RolloutPhase::kSucceeded, "succeeded"},
      {RolloutPhase::kAborted, "aborted"},
      {RolloutPhase::kSuperseded, "superseded"}};
};
template <>
struct EnumNames<HoldKind> {
  static constexpr std::pair<HoldKind, const char*> kAll[] = {
      {HoldKind::kUser, "user"}, {HoldKind::kFailure, "failure"}};
};
template <>
struct EnumNames<OnFailure> {
  static constexpr std::pair<OnFailure, const char*> kAll[] = {
      {OnFailure::kPause, "pause"}, {OnFailure::kAbort, "abort"}};
};
template <>
struct EnumNames<ReloadStrategy> {
  static constexpr std::pair<ReloadStrategy, const char*> kAll[] = {
      {ReloadStrategy::kDefault, "default"},
      {ReloadStrategy::kSurge, "surge"},
      {ReloadStrategy::kStopFirst, "stop-first"}};
};
template <>
struct EnumNames<HostStepPhase> {
  static constexpr std::pair<HostStepPhase, const char*> kAll[] = {
      {HostStepPhase::kPending, "pending"},
      {HostStepPhase::kAdmitted, "admitted"},
      {HostStepPhase::kApplying, "applying"},
      {HostStepPhase::kVerifying, "verifying"},
      {HostStepPhase::kDone, "done"},
      {HostStepPhase::kFailed, "failed"},
      {HostStepPhase::kUnknown, "unknown"},
      {HostStepPhase::kSkipped, "skipped"}};
};
template <>
struct EnumNames<SkipReason> {
  static constexpr std::pair<SkipReason, const char*> kAll[] = {
      {SkipReason::kNone, "none"},
      {SkipReason::kUnreachable, "unreachable"},
      {SkipReason::kRemoved, "removed"},
      {SkipReason::kEnded, "ended"}};
};
template <>
struct EnumNames<StepReportPhase> {
  static constexpr std::pair<StepReportPhase, const char*> kAll[] = {
      {StepReportPhase::kNone, "none"},
      {StepReportPhase::kApplying, "applying"},
      {StepReportPhase::kVerifying, "verifying"},
      {StepReportPhase::kDone, "done"},
      {StepReportPhase::kFailed, "failed"}};
};
template <>
struct EnumNames<FailureKind> {
  static constexpr std::pair<FailureKind, const char*> kAll[] = {
      {FailureKind::kNone, "none"},
      {FailureKind::kStart, "start"},
      {FailureKind::kExit, "exit"},
      {FailureKind::kReadyTimeout, "ready-timeout"},
      {FailureKind::kFlapping, "flapping"},
      {FailureKind::kListen, "listen"},
      {FailureKind::kSpec, "spec"}};
};

// Writes fields of an object, leaving out empty texts and lists.
class Writer {
 public:
  template <class T>
  void operator()(const char* key, const T& value) {
    if constexpr (std::is_enum_v<T>) {
      for (const auto& [e, name] : EnumNames<T>::kAll) {
        if (e == value) json_[key] = name;
      }
    } else if constexpr (std::is_same_v<T, absl::Duration>) {
      json_[key] = absl::ToInt64Microseconds(value);
    } else if constexpr (std::is_same_v<T, absl::Time>) {
      if (value != absl::InfinitePast()) json_[key] = absl::ToUnixMicros(value);
    } else if constexpr (std::is_arithmetic_v<T>) {
      json_[key] = value;
    } else {
      if (!value.empty()) json_[key] = value;
    }
  }
  void Object(const char* key, Json value) { json_[key] = std::move(value); }

  Json Take() && { return std::move(json_); }

 private:
  Json json_ = Json::object();
};

// Reads them; throws nlohmann's exceptions and std::out_of_range, which
// Decode catches.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {
    if (!json.is_object()) throw std::out_of_range("not an object");
  }

  template <class T>
  void operator()(const char* key, T& value) const {
    auto it = json_.find(key);
    if (it == json_.end()) return;
    if constexpr (std::is_enum_v<T>) {
      value = EnumOf<T>(it->template get<std::string>());
    } else if constexpr (std::is_same_v<T, absl::Duration>) {
      value = absl::Microseconds(it->template get<int64_t>());
    } else if constexpr (std::is_same_v<T, absl::Time>) {
      value = absl::FromUnixMicros(it->template get<int64_t>());
    } else {
      value = it->template get<T>();
    }
  }
  Json Object(const char* key) const {
    return json_.value(key, Json::object());
  }

 private:
  template <class E>
  static E EnumOf(const std::string& name) {
    for (const auto& [e, n] : EnumNames<E>::kAll) {
      if (name == n) return e;
    }
    throw std::out_of_range("unknown value \"" + name + "\"");
  }

  const Json& json_;
};

// One list of fields for both directions: `f` is a Writer with const values
// or a Reader.
template <class F, class T>
void StepPolicyFields(F& f, T& p) {
  f("strategy", p.strategy);
  f("min_ready_time", p.min_ready_time);
  f("ready_deadline", p.ready_deadline);
  f("max_flaps", p.max_flaps);
}

template <class F, class T>
void PolicyFields(F& f, T& p) {
  f("max_parallel", p.max_parallel);
  f("max_failures", p.max_failures);
  f("on_failure", p.on_failure);
  f("progress_deadline", p.progress_deadline);
  f("unknown_grace", p.unknown_grace);
  f("stop_time", p.stop_time);
  StepPolicyFields(f, p.step);
}

template <class F, class T>
void StateFields(F& f, T& s) {
  f("phase", s.phase);
  f("aborting", s.aborting);
  f("abort_reason", s.abort_reason);
  f("message", s.message);
  f("generation", s.generation);
  f("failures", s.failures);
  f("forgiven", s.forgiven);
  f("progress_at", s.progress_at);
  f("last_seq", s.last_seq);
  f("end_time", s.end_time);
}

template <class F, class T>
void RolloutFields(F& f, T& r) {
  f("app_uid", r.app_uid);
  f("kind", r.kind);
  f("from_revision", r.from_revision);
  f("to_revision", r.to_revision);
  f("create_time", r.create_time);
  f("actor", r.actor);
}

template <class F, class T>
void HoldFields(F& f, T& h) {
  f("kind", h.kind);
  f("reason", h.reason);
  f("since", h.since);
}

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
  f("phase", s.phase);
  f("skip", s.skip);
  f("lost", s.lost);
  f("reason", s.reason);
  f("attempt", s.attempt);
  f("generation", s.generation);
  f("admit_time", s.admit_time);
  f("end_time", s.end_time);
  f("admitted_at", s.admitted_at);
  f("unknown_at", s.unknown_at);
}

template <class F, class T>
void EventFields(F& f, T& e) {
  f("time", e.time);
  f("host", e.host);
  f("host_phase", e.host_phase);
  f("phase", e.phase);
  f("message", e.message);
  f("actor", e.actor);
}

// Bytes that are not UTF-8 (a worker's stderr) are replaced.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Function>
absl::Status Decode(const std::string& what, const std::string& body,
                    Function function) {
  try {
    function(Json::parse(body));
    return absl::OkStatus();
  } catch (const std::exception& e) {
    return absl::DataLossError(
        absl::StrCat(what, " cannot be read from the store: ", e.what()));
  }
}

}  // namespace

RolloutRow ToRow(const RolloutSummary& summary, absl::Time now) {
  const Rollout& rollout = summary.rollout;
  Writer body;
  Writer policy;
  RolloutFields(body, rollout);
  PolicyFields(policy, rollout.policy);
  StateFields(body, rollout.state);
  body.Object("policy", std::move(policy).Take());
  body("elapsed", rollout.state.clock.Elapsed(now));
  body("hosts_done", summary.hosts_done);
  body("hosts_total", summary.hosts_total);
  Json holds = Json::array();
  for (const Hold& hold : rollout.state.holds) {
    Writer writer;
    HoldFields(writer, hold);
    holds.push_back(std::move(writer).Take());
  }
  body.Object("holds", std::move(holds));

  RolloutRow row;
  row.uid = rollout.uid;
  row.app = rollout.app;
  row.request_id = rollout.request_id;
  row.active = !Terminal(rollout.state.phase);
  row.body = Text(std::move(body).Take());
  return row;
}

RolloutStepRow ToRow(const std::string& uid, size_t index,
                     const HostStep& step) {
  Writer body;
  Writer progress;
  StepFields(body, step);
  ReportFields(progress, step.progress);
  body.Object("progress", std::move(progress).Take());
  return {uid, static_cast<int64_t>(index), Text(std::move(body).Take())};
}

RolloutEventRow ToRow(const std::string& uid, const RolloutEvent& event) {
  Writer body;
  EventFields(body, event);
  return {uid, event.seq, Text(std::move(body).Take())};
}

absl::StatusOr<RolloutSummary> FromRow(const RolloutRow& row) {
  RolloutSummary summary;
  Rollout& rollout = summary.rollout;
  rollout.uid = row.uid;
  rollout.app = row.app;
  rollout.request_id = row.request_id;
  absl::Status status =
      Decode("rollout " + row.uid, row.body, [&](const Json& json) {
        const Reader body(json);
        RolloutFields(body, rollout);
        StateFields(body, rollout.state);
        const Json policy = body.Object("policy");
        const Reader policy_reader(policy);
        PolicyFields(policy_reader, rollout.policy);
        absl::Duration elapsed;
        body("elapsed", elapsed);
        rollout.state.clock = RolloutClock(elapsed);
        body("hosts_done", summary.hosts_done);
        body("hosts_total", summary.hosts_total);
        for (const Json& item : json.value("holds", Json::array())) {
          const Reader reader(item);
          HoldFields(reader, rollout.state.holds.emplace_back());
        }
      });
  if (!status.ok()) return status;
  return summary;
}

absl::StatusOr<HostStep> FromRow(const RolloutStepRow& row) {
  HostStep step;
  std::string what = absl::StrCat("step ", row.index, " of rollout ", row.uid);
  absl::Status status = Decode(what, row.body, [&step](const Json& json) {
    const Reader body(json);
    StepFields(body, step);
    const Json progress = body.Object("progress");
    const Reader progress_reader(progress);
    ReportFields(progress_reader, step.progress);
  });
  if (!status.ok()) return status;
  return step;
}

absl::StatusOr<RolloutEvent> FromRow(const RolloutEventRow& row) {
  RolloutEvent event;
  event.seq = row.seq;
  std::string what = absl::StrCat("event ", row.seq, " of rollout ", row.uid);
  absl::Status status = Decode(what, row.body, [&event](const Json& json) {
    const Reader body(json);
    EventFields(body, event);
  });
  if (!status.ok()) return status;
  return event;
}

}  // namespace fleet::controller
