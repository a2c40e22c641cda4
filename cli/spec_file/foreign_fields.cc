// What has a meaning only to PM2: known, so that its files are read without
// a warning of an unknown key.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kIgnored = Support::kIgnored;

constexpr Field kFields[] = {
    {"filter_env", "", FieldType::kAny, "", nullptr, kIgnored,
     "Variables of the caller that are not passed on; here none are."},
    {"force", "", FieldType::kBool, "", nullptr, kIgnored,
     "PM2: start the same script twice. Here two apps need two names."},
    {"pmx", "", FieldType::kAny, "", nullptr, kIgnored, "A service of PM2's."},
    {"trace", "", FieldType::kAny, "", nullptr, kIgnored,
     "A service of PM2's."},
    {"v8", "", FieldType::kAny, "", nullptr, kIgnored, "A service of PM2's."},
    {"vizion", "", FieldType::kAny, "", nullptr, kIgnored,
     "A service of PM2's."},
    {"automation", "", FieldType::kAny, "", nullptr, kIgnored,
     "A service of PM2's."},
    {"io", "", FieldType::kAny, "", nullptr, kIgnored, "A service of PM2's."},
    {"source_map_support", "", FieldType::kAny, "", nullptr, kIgnored,
     "Use interpreter_args: --enable-source-maps."},
    {"windows_hide", "", FieldType::kAny, "", nullptr, kIgnored,
     "Of another system."},
    {"kill_retry_time", "", FieldType::kAny, "", nullptr, kIgnored,
     "PM2: how often it looks whether a process is gone."},
};

}  // namespace

std::span<const Field> ForeignFields() { return kFields; }

}  // namespace fleet::cli
