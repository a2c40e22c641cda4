// Where the output goes.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNow = Support::kInForce;
constexpr Support kNotYet = Support::kNotYet;

// PM2's own for `time`.
constexpr const char* kTimeFormat = "YYYY-MM-DDTHH:mm:ss";

constexpr Field kFields[] = {
    {"out_file", "out output out_log", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.out_file = v.text; }, kNow,
     "File of standard output. Default: in the agent's folder."},
    {"error_file", "error err err_file err_log", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.error_file = v.text; }, kNow,
     "File of standard error. Default: in the agent's folder."},
    {"log_file", "log", FieldType::kAutoPath, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.log_file = v.text; }, kNotYet,
     "One more file with both outputs; true for NAME.log in the agent's "
     "folder. Default: none."},
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
    {"log_compress", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.compress = v.boolean; },
     kNotYet, "Compresses rotated files with zstd. Default: false."},
    {"log_rotate_interval", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.logs.rotate_interval = v.duration;
     },
     kNotYet,
     "Age at which a log file is rotated at the latest. Default: 0s, by size "
     "alone."},
    {"log_date_format", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.logs.date_format = v.text; },
     kNotYet,
     "Time before each line of a log file, e.g. YYYY-MM-DD HH:mm:ss. Default: "
     "none."},
    {"time", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) {
       if (v.boolean && s.logs.date_format.empty())
         s.logs.date_format = kTimeFormat;
     },
     kNotYet, "The same as log_date_format: YYYY-MM-DDTHH:mm:ss."},
    {"log_type", "", FieldType::kChoice, "raw json",
     [](AppSpec& s, const FieldValue& v) { s.logs.json = v.text == "json"; },
     kNotYet, "json: each line of a log file is a JSON object. Default: raw."},
};

}  // namespace

std::span<const Field> LogFields() { return kFields; }

}  // namespace fleet::cli
