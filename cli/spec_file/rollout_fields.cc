// Reloads and rollouts.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNow = Support::kInForce;
constexpr Support kNotYet = Support::kNotYet;

constexpr Field kFields[] = {
    {"reload", "", FieldType::kChoice, "surge stop-first",
     [](AppSpec& s, const FieldValue& v) {
       s.reload_strategy = v.text == "surge" ? ReloadStrategy::kSurge
                                             : ReloadStrategy::kStopFirst;
     },
     kNow,
     "surge: a new worker is ready before the old one stops. stop-first: the "
     "other way round. Default: surge where sockets are shared."},
    {"rollout.max_parallel", "", FieldType::kShare, "",
     [](AppSpec& s, const FieldValue& v) { s.rollout.max_parallel = v.text; },
     kNow, "Hosts in work at once: a number or a percentage. Default: 1."},
    {"rollout.min_ready_time", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.min_ready_time = v.duration;
     },
     kNow, "A new worker must be ready this long. Default: 3s."},
    {"rollout.ready_deadline", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.ready_deadline = v.duration;
     },
     kNow, "From start to ready, per instance. Default: listen_timeout."},
    {"rollout.progress_deadline", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.progress_deadline = v.duration;
     },
     kNow, "Longest time without a further finished host. Default: 10m."},
    {"rollout.max_failures", "", FieldType::kShare, "",
     [](AppSpec& s, const FieldValue& v) { s.rollout.max_failures = v.text; },
     kNow, "Hosts that may fail before on_failure holds. Default: 0."},
    {"rollout.on_failure", "", FieldType::kChoice, "pause abort",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.on_failure =
           v.text == "abort" ? OnFailure::kAbort : OnFailure::kPause;
     },
     kNow, "What a failed rollout does. Default: pause."},
    {"rollout.max_flaps", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.max_flaps = static_cast<int>(v.integer);
     },
     kNow, "Times readiness may drop before the host has failed. Default: 2."},
    {"rollout.max_unavailable", "", FieldType::kShare, "", nullptr, kNotYet,
     "Instances that may be missing."},
    {"rollout.order", "", FieldType::kAny, "", nullptr, kNotYet,
     "Which hosts go first."},
    {"rollout.canary", "", FieldType::kAny, "", nullptr, kNotYet,
     "First hosts, and how they are judged."},
    {"rollout.waves", "", FieldType::kAny, "", nullptr, kNotYet,
     "Hosts in growing groups."},
    {"rollout.bake_time", "", FieldType::kDuration, "", nullptr, kNotYet,
     "Wait after each wave."},
    {"rollout.step_deadline", "", FieldType::kDuration, "", nullptr, kNotYet,
     "Longest time for one host."},
    {"rollout.total_deadline", "", FieldType::kDuration, "", nullptr, kNotYet,
     "Longest time for all."},
    {"rollout.unreachable", "", FieldType::kAny, "", nullptr, kNotYet,
     "What becomes of hosts that are away."},
    {"rollout.zone_label", "", FieldType::kText, "", nullptr, kNotYet,
     "Label that names a host's zone."},
    {"rollout.max_zones", "", FieldType::kInteger, "", nullptr, kNotYet,
     "Zones in work at once."},
    {"rollout.hooks", "", FieldType::kAny, "", nullptr, kNotYet,
     "Commands around each host's step."},
    {"rollout.metric_gates", "", FieldType::kAny, "", nullptr, kNotYet,
     "Limits that must hold."},
};

}  // namespace

std::span<const Field> RolloutFields() { return kFields; }

}  // namespace fleet::cli
