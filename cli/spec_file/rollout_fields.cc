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
    {"rollout.on_failure", "", FieldType::kChoice, "pause rollback abort",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.on_failure = v.text == "abort"      ? OnFailure::kAbort
                              : v.text == "rollback" ? OnFailure::kRollback
                                                     : OnFailure::kPause;
     },
     kNow,
     "What a failed rollout does: pause for a person, go back to the proven "
     "revision, or end. Default: pause."},
    {"rollout.max_flaps", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.max_flaps = static_cast<int>(v.integer);
     },
     kNow, "Times readiness may drop before the host has failed. Default: 2."},
    {"rollout.max_unavailable", "", FieldType::kShare, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.max_unavailable = v.text;
     },
     kNow,
     "Instances that may be missing, for whatever reason: a number or a "
     "percentage. Default: 0 for apps that surge."},
    {"rollout.order", "", FieldType::kChoice, "health zone name",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.order = v.text == "zone"   ? HostOrder::kZone
                         : v.text == "name" ? HostOrder::kName
                                            : HostOrder::kHealth;
     },
     kNow,
     "Which hosts go first: the least healthy, those of a zone, or by name. "
     "Default: health."},
    {"rollout.canary", "", FieldType::kShare, "",
     [](AppSpec& s, const FieldValue& v) { s.rollout.canary = v.text; }, kNow,
     "Hosts of the first wave: a number or a percentage. Default: none."},
    {"rollout.waves", "", FieldType::kTexts, "",
     [](AppSpec& s, const FieldValue& v) { s.rollout.waves = v.texts; }, kNow,
     "Hosts up to the end of each wave, such as [1, 10%, 50%, 100%]."},
    {"rollout.bake_time", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.rollout.bake_time = v.duration; },
     kNow, "Time each wave is watched before the next. Default: 0."},
    {"rollout.promote", "", FieldType::kChoice, "auto manual",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.promotion =
           v.text == "manual" ? Promotion::kManual : Promotion::kAutomatic;
     },
     kNow,
     "manual: after the first wave it waits for `fleetctl rollout promote`. "
     "Default: auto."},
    {"rollout.step_deadline", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.step_deadline = v.duration;
     },
     kNow, "Longest time for one host. Default: derived from the others."},
    {"rollout.total_deadline", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.total_deadline = v.duration;
     },
     kNow, "Longest time for all hosts, without pauses. Default: 2h."},
    {"rollout.max_skipped", "", FieldType::kShare, "",
     [](AppSpec& s, const FieldValue& v) { s.rollout.max_skipped = v.text; },
     kNow,
     "Hosts that may be left out because they are away: a number or a "
     "percentage. Default: 25%, at least 1."},
    {"rollout.unreachable", "", FieldType::kChoice, "skip fail",
     [](AppSpec& s, const FieldValue& v) {
       if (v.text == "fail") s.rollout.max_skipped = std::string(1, '0');
     },
     kNow,
     "Hosts that are away when their turn comes: skip up to max_skipped of "
     "them, or fail. Default: skip."},
    {"rollout.unknown_grace", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.unknown_grace = v.duration;
     },
     kNow, "A host may be lost in its step for so long. Default: 2m."},
    {"rollout.zone_label", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.rollout.zone_label = v.text; },
     kNow, "Label that names a host's zone. Default: none."},
    {"rollout.max_zones", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.max_zones = static_cast<int>(v.integer);
     },
     kNow, "Zones in work at once. Default: 1."},
    {"rollout.hooks.pre_reload", "", FieldType::kHook, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.hooks.pre_reload = v.hook;
     },
     kNow,
     "Command on each host before its workers are touched, such as `git pull "
     "&& npm ci`."},
    {"rollout.hooks.post_reload", "", FieldType::kHook, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.hooks.post_reload = v.hook;
     },
     kNow, "Command on each host after its step."},
    {"rollout.hooks.pre_rollout", "", FieldType::kHook, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.hooks.pre_rollout = v.hook;
     },
     kNow, "Command once per rollout, before any host is touched: migrations."},
    {"rollout.hooks.post_rollout", "", FieldType::kHook, "",
     [](AppSpec& s, const FieldValue& v) {
       s.rollout.hooks.post_rollout = v.hook;
     },
     kNow, "Command once per rollout, after the last host."},
    {"rollout.metric_gates", "", FieldType::kGates, "",
     [](AppSpec& s, const FieldValue& v) { s.rollout.metric_gates = v.gates; },
     kNow,
     "Limits that must hold while a wave bakes, such as [restarts <= 0, "
     "memory <= 300M]."},
};

}  // namespace

std::span<const Field> RolloutFields() { return kFields; }

}  // namespace fleet::cli
