// Restarts and stops.
#include "cli/spec_file/field_access.h"

namespace fleet::cli {
namespace {

constexpr Field kLifecycleFields[] = {
    At<&AppSpec::restart, &RestartPolicy::autorestart>(
        {.name = "autorestart",
         .type = FieldType::kBool,
         .explanation = "Restart workers that end by themselves.",
         .pm2 = "autorestart",
         .path = "restart.autorestart",
         .example = "false"}),
    At<&AppSpec::restart, &RestartPolicy::min_uptime>(
        {.name = "min_uptime",
         .type = FieldType::kDuration,
         .explanation = "An exit before this uptime is an unstable one.",
         .pm2 = "min_uptime",
         .path = "restart.min_uptime",
         .least = "0s",
         .most = "24h",
         .example = "10s"}),
    At<&AppSpec::restart, &RestartPolicy::max_restarts>(
        {.name = "max_restarts",
         .type = FieldType::kInteger,
         .explanation = "So many unstable exits in a row end in CRASH_LOOP.",
         .pm2 = "max_restarts",
         .path = "restart.max_restarts",
         .least = "0",
         .most = "1000000",
         .example = "10"}),
    At<&AppSpec::restart, &RestartPolicy::restart_delay>(
        {.name = "restart_delay",
         .type = FieldType::kDuration,
         .explanation = "Wait before each restart.",
         .pm2 = "restart_delay",
         .path = "restart.restart_delay",
         .least = "0s",
         .most = "24h",
         .example = "3s"}),
    At<&AppSpec::restart, &RestartPolicy::exp_backoff_restart_delay>(
        {.name = "exp_backoff_restart_delay",
         .type = FieldType::kDuration,
         .explanation = "First wait of a series that grows by half up to 15s, "
                        "and starts anew after 30s of uptime.",
         .pm2 = "exp_backoff_restart_delay",
         .path = "restart.exp_backoff_restart_delay",
         .least = "0s",
         .most = "24h",
         .example = "100ms"}),
    At<&AppSpec::restart, &RestartPolicy::stop_exit_codes>(
        {.name = "stop_exit_codes",
         .type = FieldType::kIntegers,
         .explanation = "Exit codes after which a worker is not restarted; at "
                        "most 256.",
         .pm2 = "stop_exit_codes",
         .path = "restart.stop_exit_codes",
         .least = "0",
         .most = "255",
         .example = "[0, 3]"}),
    At<&AppSpec::restart, &RestartPolicy::max_memory_bytes>(
        {.name = "max_memory_restart",
         .type = FieldType::kSize,
         .explanation = "Resident memory at which one instance is reloaded: "
                        "the new worker is ready before the old one stops.",
         .pm2 = "max_memory_restart",
         .path = "restart.max_memory_bytes",
         .least = "0",
         .most = "1024T",
         .unset = "no limit",
         .example = "300M"}),
    At<&AppSpec::restart, &RestartPolicy::cron_restart>(
        {.name = "cron_restart",
         .aliases = "cron",
         .type = FieldType::kCalendar,
         .explanation = "Reloads by the calendar: minute hour day month "
                        "weekday, with seconds first if there are six, or "
                        "@hourly, @daily, @weekly, @monthly, @yearly. Day L "
                        "is a month's last.",
         .pm2 = "cron_restart",
         .path = "restart.cron_restart",
         .unset = "never",
         .example = "\"0 3 * * *\""}),
    At<&AppSpec::restart, &RestartPolicy::cron_time_zone>(
        {.name = "cron_time_zone",
         .type = FieldType::kText,
         .explanation = "Zone of cron_restart.",
         .path = "restart.cron_time_zone",
         .unset = "the host's own, as PM2 has it",
         .example = "Europe/Paris"}),
    At<&AppSpec::restart, &RestartPolicy::cron_spread>(
        {.name = "cron_spread",
         .type = FieldType::kDuration,
         .explanation = "Each host waits its own share of this time, so that "
                        "not all reload at once.",
         .path = "restart.cron_spread",
         .least = "0s",
         .most = "24h",
         .example = "10m"}),
    {.name = "cron_missed",
     .type = FieldType::kChoice,
     .choices = "skip run",
     .set =
         [](AppSpec& s, const FieldValue& v) {
           s.restart.cron_missed =
               v.text == "run" ? CronMissed::kRun : CronMissed::kSkip;
         },
     .explanation = "A run that was missed while the host was down: skip it, "
                    "or run it (once) as soon as it is up.",
     .get =
         [](const AppSpec& s) {
           return Word(s.restart.cron_missed == CronMissed::kRun ? "run"
                                                                 : "skip");
         },
     .path = "restart.cron_missed",
     .example = "run"},
    At<&AppSpec::watch, &WatchPolicy::paths>(
        {.name = "watch",
         .type = FieldType::kWatch,
         .explanation = "Reloads when files change on the host: true for all "
                        "below cwd, or paths, at most 64.",
         .pm2 = "watch",
         .path = "watch.paths",
         .example = "[src, config.json]"}),
    At<&AppSpec::watch, &WatchPolicy::ignore>(
        {.name = "ignore_watch",
         .type = FieldType::kTexts,
         .explanation = "Globs of files that watch does not look at, at most "
                        "64.",
         .pm2 = "ignore_watch",
         .path = "watch.ignore",
         .unset = "node_modules and names that begin with a dot",
         .example = "[\"*.log\", tmp]"}),
    At<&AppSpec::watch, &WatchPolicy::delay>(
        {.name = "watch_delay",
         .type = FieldType::kDuration,
         .explanation = "Time without a further change before the reload.",
         .pm2 = "watch_delay",
         .path = "watch.delay",
         .least = "0s",
         .most = "1h",
         .example = "1s"}),
    At<&AppSpec::stop, &StopPolicy::kill_timeout>(
        {.name = "kill_timeout",
         .type = FieldType::kDuration,
         .explanation = "From the stop signal to SIGKILL of the whole tree; "
                        "1.6s in PM2's files when it is not set.",
         .pm2 = "kill_timeout",
         .path = "stop.kill_timeout",
         .least = "0s",
         .most = "1h",
         .example = "5s"}),
    At<&AppSpec::stop, &StopPolicy::signal>(
        {.name = "stop_signal",
         .aliases = "kill_signal",
         .type = FieldType::kText,
         .explanation = "Signal that asks a worker to stop; SIGINT in PM2's "
                        "files when it is not set.",
         .path = "stop.signal",
         .example = "SIGINT"}),
    At<&AppSpec::stop, &StopPolicy::shutdown_with_message>(
        {.name = "shutdown_with_message",
         .type = FieldType::kBool,
         .explanation =
             "Node: asks with the message \"shutdown\" in place of a signal.",
         .pm2 = "shutdown_with_message",
         .path = "stop.shutdown_with_message",
         .example = "true"}),
    At<&AppSpec::stop, &StopPolicy::treekill>(
        {.name = "treekill",
         .type = FieldType::kBool,
         .explanation = "False: only the main process gets the stop signal. "
                        "SIGKILL goes to the whole tree either way.",
         .pm2 = "treekill",
         .path = "stop.treekill",
         .example = "false"}),
};

}  // namespace

std::span<const Field> LifecycleFields() { return kLifecycleFields; }

}  // namespace fleet::cli
