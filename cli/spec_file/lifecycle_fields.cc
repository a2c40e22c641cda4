// Restarts, stops and logs.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNow = Support::kInForce;
constexpr Support kNotYet = Support::kNotYet;
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
    {"cron_restart", "cron", FieldType::kAny, "", nullptr, kNotYet,
     "Reloads by the calendar."},
    {"watch", "", FieldType::kAny, "", nullptr, kNotYet,
     "Reloads when files change."},
    {"ignore_watch", "", FieldType::kAny, "", nullptr, kNotYet,
     "Files that watch does not look at."},
    {"watch_delay", "", FieldType::kAny, "", nullptr, kNotYet,
     "How long watch waits after a change."},
    {"watch_options", "", FieldType::kAny, "", nullptr, kNotYet,
     "How watch looks at files."},
    {"post_update", "", FieldType::kAny, "", nullptr, kNotYet,
     "Commands after PM2's pull."},
    {"kill_timeout", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.stop.kill_timeout = v.duration; },
     kNow,
     "From the stop signal to SIGKILL of the whole tree. Default: 30s; 1.6s "
     "in PM2's files."},
    {"kill_retry_time", "", FieldType::kAny, "", nullptr, kIgnored,
     "PM2: how often it looks whether a process is gone."},
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
    {"out_file", "out output out_log", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.out_file = v.text; }, kNow,
     "File of standard output. Default: in the agent's folder."},
    {"error_file", "error err err_file err_log", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.error_file = v.text; }, kNow,
     "File of standard error. Default: in the agent's folder."},
    {"log_file", "log", FieldType::kAny, "", nullptr, kNotYet,
     "One file for both outputs."},
    {"merge_logs", "combine_logs", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.merge = v.boolean; }, kNow,
     "All instances write one file."},
    {"disable_logs", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.disabled = v.boolean; }, kNow,
     "Write no log files."},
    {"log_max_size", "", FieldType::kSize, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.max_size_bytes = v.integer; },
     kNow, "Size at which a log file is rotated. Default: 10M."},
    {"log_max_files", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.logs.max_files = static_cast<int>(v.integer);
     },
     kNow, "Rotated files that are kept. Default: 10."},
    {"log_compress", "", FieldType::kBool, "", nullptr, kNotYet,
     "Compresses rotated files."},
    {"log_date_format", "", FieldType::kText, "", nullptr, kNotYet,
     "Time before each line of a log file."},
    {"log_type", "", FieldType::kText, "", nullptr, kNotYet,
     "json: log files hold JSON."},
    {"time", "", FieldType::kBool, "", nullptr, kNotYet,
     "Time before each line of a log file."},
    {"pid_file", "pid", FieldType::kText, "", nullptr, kNotYet,
     "File that holds the process id."},
};

}  // namespace

std::span<const Field> LifecycleFields() { return kFields; }

}  // namespace fleet::cli
