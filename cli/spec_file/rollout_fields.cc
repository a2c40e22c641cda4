// Reloads and rollouts.
#include "cli/spec_file/field_access.h"

namespace fleet::cli {
namespace {

// A hook is set once it has a command.
template <Hook RolloutHooks::*Member>
constexpr Field HookRow(Field row) {
  row.set = [](AppSpec& s, const FieldValue& v) {
    s.rollout.hooks.*Member = v.hook;
  };
  row.get = [](const AppSpec& s) -> std::optional<FieldValue> {
    const Hook& hook = s.rollout.hooks.*Member;
    if (hook.command.empty()) return std::nullopt;
    FieldValue value;
    value.hook = hook;
    return value;
  };
  return row;
}

constexpr Field kRolloutFields[] = {
    {.name = "reload",
     .type = FieldType::kChoice,
     .choices = "surge stop-first",
     .set =
         [](AppSpec& s, const FieldValue& v) {
           s.reload_strategy = v.text == "surge" ? ReloadStrategy::kSurge
                                                 : ReloadStrategy::kStopFirst;
         },
     .explanation = "surge: a new worker is ready before the old one stops. "
                    "stop-first: the other way round.",
     .get = [](const AppSpec& s) -> std::optional<FieldValue> {
       if (s.reload_strategy == ReloadStrategy::kDefault) return std::nullopt;
       const bool surges = s.reload_strategy == ReloadStrategy::kSurge;
       return Word(surges ? "surge" : "stop-first");
     },
     .path = "reload_strategy",
     .unset = "surge in cluster mode and with listen, else stop-first",
     .example = "surge"},
    At<&AppSpec::rollout, &RolloutPolicySpec::max_parallel>(
        {.name = "rollout.max_parallel",
         .type = FieldType::kShare,
         .explanation =
             "Hosts in work at once: a number, at least 1, or a percentage.",
         .unset = "1; a first rollout takes all hosts at once",
         .example = "25%"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::max_unavailable>(
        {.name = "rollout.max_unavailable",
         .type = FieldType::kShare,
         .explanation = "Instances that may be missing, for whatever reason: a "
                        "number or a percentage.",
         .unset = "0 for apps that surge, else what max_parallel hosts take",
         .example = "10%"}),
    {.name = "rollout.order",
     .type = FieldType::kChoice,
     .choices = "health zone name",
     .set =
         [](AppSpec& s, const FieldValue& v) {
           s.rollout.order = v.text == "zone"   ? HostOrder::kZone
                             : v.text == "name" ? HostOrder::kName
                                                : HostOrder::kHealth;
         },
     .explanation = "Which hosts go first: the least healthy, those of a zone, "
                    "or by name.",
     .get = [](const AppSpec& s) -> std::optional<FieldValue> {
       if (!s.rollout.order.has_value()) return std::nullopt;
       return Word(*s.rollout.order == HostOrder::kZone   ? "zone"
                   : *s.rollout.order == HostOrder::kName ? "name"
                                                          : "health");
     },

     .unset = "health",
     .example = "zone"},
    At<&AppSpec::rollout, &RolloutPolicySpec::canary>(
        {.name = "rollout.canary",
         .type = FieldType::kShare,
         .explanation = "Hosts of the first wave: a number or a percentage.",
         .unset = "none",
         .example = "1"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::waves>(
        {.name = "rollout.waves",
         .type = FieldType::kTexts,
         .explanation = "Hosts up to the end of each wave, at most 20.",
         .unset = "one wave",
         .example = "[1, 10%, 50%, 100%]"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::bake_time>(
        {.name = "rollout.bake_time",
         .type = FieldType::kDuration,
         .explanation = "Time each wave is watched before the next.",
         .least = "0s",
         .most = "168h",
         .unset = "0s",
         .example = "2m"}),
    {.name = "rollout.promote",
     .type = FieldType::kChoice,
     .choices = "auto manual",
     .set =
         [](AppSpec& s, const FieldValue& v) {
           s.rollout.promotion =
               v.text == "manual" ? Promotion::kManual : Promotion::kAutomatic;
         },
     .explanation = "manual: after the first wave it waits for `fleetctl "
                    "rollout promote`.",
     .get = [](const AppSpec& s) -> std::optional<FieldValue> {
       if (!s.rollout.promotion.has_value()) return std::nullopt;
       const bool manual = *s.rollout.promotion == Promotion::kManual;
       return Word(manual ? "manual" : "auto");
     },
     .path = "rollout.promotion",
     .unset = "auto",
     .example = "manual"},
    At<&AppSpec::rollout, &RolloutPolicySpec::min_ready_time>(
        {.name = "rollout.min_ready_time",
         .type = FieldType::kDuration,
         .explanation =
             "A new worker must be ready this long before the next step.",
         .least = "0s",
         .most = "24h",
         .unset = "3s",
         .example = "10s"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::ready_deadline>(
        {.name = "rollout.ready_deadline",
         .type = FieldType::kDuration,
         .explanation = "From start to ready, per instance.",
         .least = "1ms",
         .most = "24h",
         .unset = "listen_timeout",
         .example = "30s"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::step_deadline>(
        {.name = "rollout.step_deadline",
         .type = FieldType::kDuration,
         .explanation = "Longest time for one host.",
         .least = "1s",
         .most = "168h",
         .unset = "derived from the others and the number of instances",
         .example = "10m"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::progress_deadline>(
        {.name = "rollout.progress_deadline",
         .type = FieldType::kDuration,
         .explanation = "Longest time without a further finished host.",
         .least = "1s",
         .most = "168h",
         .unset = "10m",
         .example = "30m"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::total_deadline>(
        {.name = "rollout.total_deadline",
         .type = FieldType::kDuration,
         .explanation = "Longest time for all hosts; time in which it is held "
                        "does not count.",
         .least = "1s",
         .most = "720h",
         .unset = "2h",
         .example = "6h"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::max_failures>(
        {.name = "rollout.max_failures",
         .type = FieldType::kShare,
         .explanation = "Hosts that may fail before on_failure holds: a number "
                        "or a percentage.",
         .unset = "0",
         .example = "1"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::max_flaps>(
        {.name = "rollout.max_flaps",
         .type = FieldType::kInteger,
         .explanation = "Times readiness may drop before the host has failed.",
         .least = "0",
         .most = "1000",
         .unset = "2",
         .example = "0"}),
    {.name = "rollout.on_failure",
     .type = FieldType::kChoice,
     .choices = "pause rollback abort",
     .set =
         [](AppSpec& s, const FieldValue& v) {
           s.rollout.on_failure = v.text == "abort"      ? OnFailure::kAbort
                                  : v.text == "rollback" ? OnFailure::kRollback
                                                         : OnFailure::kPause;
         },
     .explanation = "What a failed rollout does: pause for a person, go back "
                    "to the proven revision, or end.",
     .get = [](const AppSpec& s) -> std::optional<FieldValue> {
       if (!s.rollout.on_failure.has_value()) return std::nullopt;
       return Word(Name(*s.rollout.on_failure));
     },

     .unset = "pause",
     .example = "rollback"},
    At<&AppSpec::rollout, &RolloutPolicySpec::max_skipped>(
        {.name = "rollout.max_skipped",
         .type = FieldType::kShare,
         .explanation = "Hosts that may be left out because they are away: a "
                        "number or a percentage.",
         .unset = "25%, at least 1",
         .example = "10%"}),
    {.name = "rollout.unreachable",
     .type = FieldType::kChoice,
     .choices = "skip fail",
     .set =
         [](AppSpec& s, const FieldValue& v) {
           if (v.text == "fail") s.rollout.max_skipped = std::string(1, '0');
         },
     .explanation = "Hosts that are away when their turn comes: skip up to "
                    "max_skipped of them, or fail (max_skipped: 0).",
     .unset = "skip",
     .example = "fail"},
    At<&AppSpec::rollout, &RolloutPolicySpec::unknown_grace>(
        {.name = "rollout.unknown_grace",
         .type = FieldType::kDuration,
         .explanation =
             "A host may be lost in its step for so long before it has failed.",
         .least = "0s",
         .most = "24h",
         .unset = "2m",
         .example = "5m"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::zone_label>(
        {.name = "rollout.zone_label",
         .type = FieldType::kText,
         .explanation = "Label that names a host's zone.",
         .unset = "none, there are no zones",
         .example = "zone"}),
    At<&AppSpec::rollout, &RolloutPolicySpec::max_zones>(
        {.name = "rollout.max_zones",
         .type = FieldType::kInteger,
         .explanation = "Zones in work at once; needs zone_label.",
         .least = "1",
         .most = "10000",
         .unset = "1",
         .example = "2"}),
    HookRow<&RolloutHooks::pre_reload>(
        {.name = "rollout.hooks.pre_reload",
         .type = FieldType::kHook,
         .explanation =
             "Command on each host before its workers are touched. A text for "
             "the shell, or {command, timeout}; the timeout is 10m unless set.",
         .unset = "none",
         .example = "git pull && npm ci"}),
    HookRow<&RolloutHooks::post_reload>(
        {.name = "rollout.hooks.post_reload",
         .type = FieldType::kHook,
         .explanation =
             "Command on each host once its new workers are available.",
         .unset = "none",
         .example = "./smoke-test"}),
    HookRow<&RolloutHooks::pre_rollout>(
        {.name = "rollout.hooks.pre_rollout",
         .type = FieldType::kHook,
         .explanation = "Command once per rollout, before any host is touched: "
                        "migrations.",
         .unset = "none",
         .example = "{command: ./migrate, timeout: 30m}"}),
    HookRow<&RolloutHooks::post_rollout>(
        {.name = "rollout.hooks.post_rollout",
         .type = FieldType::kHook,
         .explanation = "Command once per rollout, after the last host.",
         .unset = "none",
         .example = "./announce"}),
    {.name = "rollout.metric_gates",
     .type = FieldType::kGates,
     .set = [](AppSpec& s,
               const FieldValue& v) { s.rollout.metric_gates = v.gates; },
     .explanation = "Limits that must hold while a wave bakes, at most 10: "
                    "texts (restarts, cpu, memory, http, prometheus), or maps "
                    "of source, url, query, min, max, status, interval, "
                    "timeout, window (not within the limits for so long is a "
                    "failure) and no_data (hold, pass or fail).",
     .get = [](const AppSpec& s) -> std::optional<FieldValue> {
       if (s.rollout.metric_gates.empty()) return std::nullopt;
       FieldValue value;
       value.gates = s.rollout.metric_gates;
       return value;
     },
     .unset = "none",
     .example = "[restarts <= 0, memory <= 300M]"},
};

}  // namespace

std::span<const Field> RolloutFields() { return kRolloutFields; }

}  // namespace fleet::cli
