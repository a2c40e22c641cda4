// Where the output goes.
#include "cli/spec_file/field_access.h"

namespace fleet::cli {
namespace {

// PM2's own for `time`.
constexpr const char* kTimeFormat = "YYYY-MM-DDTHH:mm:ss";

constexpr Field kLogFields[] = {
    At<&AppSpec::logs, &LogPolicy::out_file>(
        {.name = "out_file",
         .aliases = "out output out_log",
         .type = FieldType::kText,
         .explanation = "File of standard output, relative to cwd; %i stands "
                        "for the instance. /dev/null (or NULL) for none.",
         .pm2 = "out_file",
         .path = "logs.out_file",
         .unset = "NAME-out.log in the agent's folder",
         .example = "/var/log/web/out.log"}),
    At<&AppSpec::logs, &LogPolicy::error_file>(
        {.name = "error_file",
         .aliases = "error err err_file err_log",
         .type = FieldType::kText,
         .explanation = "File of standard error, as out_file.",
         .pm2 = "error_file",
         .path = "logs.error_file",
         .unset = "NAME-error.log in the agent's folder",
         .example = "/var/log/web/error.log"}),
    At<&AppSpec::logs, &LogPolicy::log_file>(
        {.name = "log_file",
         .aliases = "log",
         .type = FieldType::kAutoPath,
         .explanation = "One more file with both outputs, relative to cwd; "
                        "true for all.log in the agent's folder.",
         .pm2 = "log_file",
         .path = "logs.log_file",
         .unset = "none",
         .example = "/var/log/web/all.log"}),
    At<&AppSpec::logs, &LogPolicy::merge>(
        {.name = "merge_logs",
         .aliases = "combine_logs",
         .type = FieldType::kBool,
         .explanation = "All instances write one file.",
         .pm2 = "merge_logs",
         .path = "logs.merge",
         .example = "true"}),
    At<&AppSpec::logs, &LogPolicy::disabled>(
        {.name = "disable_logs",
         .type = FieldType::kBool,
         .explanation = "Write no log files; logs -f shows what is written "
                        "meanwhile.",
         .pm2 = "disable_logs",
         .path = "logs.disabled",
         .example = "true"}),
    At<&AppSpec::logs, &LogPolicy::max_size_bytes>(
        {.name = "log_max_size",
         .type = FieldType::kSize,
         .explanation = "Size at which a log file is rotated.",
         .path = "logs.max_size_bytes",
         .least = "4K",
         .most = "1T",
         .example = "50M"}),
    At<&AppSpec::logs, &LogPolicy::max_files>(
        {.name = "log_max_files",
         .type = FieldType::kInteger,
         .explanation = "Rotated files that are kept.",
         .path = "logs.max_files",
         .least = "0",
         .most = "1000",
         .example = "30"}),
    At<&AppSpec::logs, &LogPolicy::compress>(
        {.name = "log_compress",
         .type = FieldType::kBool,
         .explanation = "Compresses rotated files with zstd (NAME.1.zst); logs "
                        "reads them as it reads the others, and so does zstd "
                        "-dc.",
         .path = "logs.compress",
         .example = "true"}),
    At<&AppSpec::logs, &LogPolicy::rotate_interval>(
        {.name = "log_rotate_interval",
         .type = FieldType::kDuration,
         .explanation = "Rotates a log file also by the clock: 1d at midnight, "
                        "1h on the hour; 0s: by size alone.",
         .path = "logs.rotate_interval",
         .least = "1m",
         .most = "8784h",
         .example = "24h"}),
    At<&AppSpec::logs, &LogPolicy::date_format>(
        {.name = "log_date_format",
         .type = FieldType::kText,
         .explanation = "Time before each line of a log file, in PM2's words "
                        "(YYYY MM DD HH mm ss SSS Z …), in the host's zone.",
         .pm2 = "log_date_format",
         .path = "logs.date_format",
         .unset = "none",
         .example = "YYYY-MM-DD HH:mm:ss.SSS"}),
    {.name = "time",
     .type = FieldType::kBool,
     .set =
         [](AppSpec& s, const FieldValue& v) {
           if (v.boolean && s.logs.date_format.empty()) {
             s.logs.date_format = kTimeFormat;
           }
         },
     .explanation = "The same as log_date_format: YYYY-MM-DDTHH:mm:ss.",
     .pm2 = "time",
     .unset = "false",
     .example = "true"},
    {.name = "log_type",
     .type = FieldType::kChoice,
     .choices = "raw json",
     .set = [](AppSpec& s,
               const FieldValue& v) { s.logs.json = v.text == "json"; },
     .explanation = "json: each line of a log file is a JSON object with "
                    "timestamp, type, app_name, process_id, host and message.",
     .get = [](const AppSpec& s) { return Word(s.logs.json ? "json" : "raw"); },
     .pm2 = "log_type",
     .path = "logs.json",
     .example = "json"},
};

}  // namespace

std::span<const Field> LogFields() { return kLogFields; }

}  // namespace fleet::cli
