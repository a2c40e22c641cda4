// What a program may use, and what it may do.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNotYet = Support::kNotYet;

constexpr Field kFields[] = {
    {"limits.memory_max", "", FieldType::kSize, "",
     [](AppSpec& s, const FieldValue& v) {
       s.limits.memory_max_bytes = v.integer;
     },
     kNotYet, "Memory above which the kernel ends a worker, e.g. 512M."},
    {"limits.memory_high", "", FieldType::kSize, "",
     [](AppSpec& s, const FieldValue& v) {
       s.limits.memory_high_bytes = v.integer;
     },
     kNotYet,
     "Memory above which the kernel slows a worker and takes memory back."},
    {"limits.cpu", "", FieldType::kNumber, "",
     [](AppSpec& s, const FieldValue& v) { s.limits.cpu_cores = v.number; },
     kNotYet, "Cores a worker may use; 1.5 is one and a half."},
    {"limits.pids", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) { s.limits.pids = v.integer; },
     kNotYet, "Processes and threads a worker may have."},
    {"limits.nofile", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) { s.limits.nofile = v.integer; },
     kNotYet, "Files a worker may have open."},
    {"limits.core", "", FieldType::kSizeOrUnlimited, "",
     [](AppSpec& s, const FieldValue& v) { s.limits.core_bytes = v.integer; },
     kNotYet, "Largest core file; 0 for none, or unlimited."},
    {"nice", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.limits.nice = static_cast<int>(v.integer);
     },
     kNotYet, "Scheduling priority, -20 (first) to 19 (last)."},
    {"umask", "", FieldType::kOctal, "",
     [](AppSpec& s, const FieldValue& v) {
       s.limits.umask = static_cast<uint32_t>(v.integer);
     },
     kNotYet, "File mode creation mask, octal, e.g. 027."},
    {"oom_score_adj", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.limits.oom_score_adj = static_cast<int>(v.integer);
     },
     kNotYet,
     "How readily the kernel kills it when memory runs out, -1000 (never) to "
     "1000 (first)."},
    {"no_new_privileges", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) {
       s.hardening.no_new_privileges = v.boolean;
     },
     kNotYet,
     "The program cannot gain privileges by set-user-id files. Default: "
     "false."},
    {"capabilities", "", FieldType::kTexts, "",
     [](AppSpec& s, const FieldValue& v) {
       s.hardening.capabilities = v.texts;
     },
     kNotYet,
     "The only capabilities the program keeps, e.g. [CAP_NET_BIND_SERVICE]; [] "
     "for none. Default: untouched."},
    {"read_only_paths", "", FieldType::kTexts, "",
     [](AppSpec& s, const FieldValue& v) {
       s.hardening.read_only_paths = v.texts;
     },
     kNotYet, "Absolute paths the program cannot write to."},
    {"private_tmp", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) {
       s.hardening.private_tmp = v.boolean;
     },
     kNotYet, "A /tmp of its own, gone when the worker ends. Default: false."},
};

}  // namespace

std::span<const Field> ResourceFields() { return kFields; }

}  // namespace fleet::cli
