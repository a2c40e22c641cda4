// Restarts and stops.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNow = Support::kInForce;
constexpr Support kIgnored = Support::kIgnored;

constexpr Field kFields[] = {
    {"autorestart", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.restart.autorestart = v.boolean; },
     kNow, "Restart workers that end by themselves. Default: true."},
    {"min_uptime", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.restart.min_uptime = v.duration; },
     kNow, "An exit before this uptime is an unstable one. Default: 1s."},
    {"max_restarts", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.restart.max_restarts = static_cast<int>(v.integer);
     },
     kNow, "So many unstable exits in a row end in CRASH_LOOP. Default: 16."},
    {"restart_delay", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.restart.restart_delay = v.duration;
     },
     kNow, "Wait before each restart. Default: 0s."},
    {"exp_backoff_restart_delay", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.restart.exp_backoff_restart_delay = v.duration;
     },
     kNow,
     "First wait of a series that grows by half up to 15s, and starts anew "
     "after 30s of uptime."},
    {"stop_exit_codes", "", FieldType::kIntegers, "",
     [](AppSpec& s, const FieldValue& v) {
       s.restart.stop_exit_codes = v.integers;
     },
     kNow, "Exit codes after which a worker is not restarted."},
    {"max_memory_restart", "", FieldType::kSize, "",
     [](AppSpec& s, const FieldValue& v) {
       s.restart.max_memory_bytes = v.integer;
     },
     kNow, "Resident memory at which one instance is reloaded."},
    {"cron_restart", "cron", FieldType::kCalendar, "",
     [](AppSpec& s, const FieldValue& v) { s.restart.cron_restart = v.text; },
     kNow,
     "Reloads by the calendar: minute hour day month weekday, or @daily and "
     "the like."},
    {"cron_time_zone", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.restart.cron_time_zone = v.text; },
     kNow, "Zone of cron_restart, e.g. Europe/Paris. Default: the host's own."},
    {"cron_spread", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.restart.cron_spread = v.duration;
     },
     kNow, "Each host waits its own share of this time. Default: 0s."},
    {"cron_missed", "", FieldType::kChoice, "skip run",
     [](AppSpec& s, const FieldValue& v) {
       s.restart.cron_missed =
           v.text == "run" ? CronMissed::kRun : CronMissed::kSkip;
     },
     kNow,
     "A run that was missed while the host was down: skip it, or run it then. "
     "Default: skip."},
    {"watch", "", FieldType::kWatch, "",
     [](AppSpec& s, const FieldValue& v) { s.watch.paths = v.texts; }, kNow,
     "Reloads when files change: true for all below cwd, or paths. Default: "
     "false."},
    {"ignore_watch", "", FieldType::kTexts, "",
     [](AppSpec& s, const FieldValue& v) { s.watch.ignore = v.texts; }, kNow,
     "Globs of files that watch does not look at. Default: node_modules and "
     "dot files."},
    {"watch_delay", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.watch.delay = v.duration; }, kNow,
     "Time without a further change before the reload. Default: 200ms."},
    {"watch_options", "", FieldType::kAny, "", nullptr, kIgnored,
     "PM2: options of its file watcher; ignored is ignore_watch here."},
    {"post_update", "", FieldType::kAny, "", nullptr, kIgnored,
     "PM2: commands after its pull; here a rollout's hooks."},
    {"kill_timeout", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.stop.kill_timeout = v.duration; },
     kNow,
     "From the stop signal to SIGKILL of the whole tree. Default: 30s; 1.6s "
     "in PM2's files."},
    {"stop_signal", "kill_signal", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.stop.signal = v.text; }, kNow,
     "Signal that asks a worker to stop. Default: SIGTERM; SIGINT in PM2's "
     "files."},
    {"shutdown_with_message", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) {
       s.stop.shutdown_with_message = v.boolean;
     },
     kNow, "Node: asks with the message \"shutdown\" in place of a signal."},
    {"treekill", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.stop.treekill = v.boolean; }, kNow,
     "False: only the main process gets the stop signal. Default: true."},
};

}  // namespace

std::span<const Field> LifecycleFields() { return kFields; }

}  // namespace fleet::cli
