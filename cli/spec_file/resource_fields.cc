// What a program may use, and what it may do.
#include "cli/spec_file/field_access.h"

namespace fleet::cli {
namespace {

constexpr Field kResourceFields[] = {
    At<&AppSpec::limits, &Limits::memory_max_bytes>(
        {.name = "limits.memory_max",
         .type = FieldType::kSize,
         .explanation = "Memory above which the kernel ends a worker; 0: no "
                        "limit.",
         .path = "limits.memory_max_bytes",
         .least = "1M",
         .most = "1024T",
         .unset = "no limit",
         .example = "512M"}),
    At<&AppSpec::limits, &Limits::memory_high_bytes>(
        {.name = "limits.memory_high",
         .type = FieldType::kSize,
         .explanation = "Memory above which the kernel slows a worker and "
                        "takes memory back; 0: no limit. At most "
                        "limits.memory_max.",
         .path = "limits.memory_high_bytes",
         .least = "1M",
         .most = "1024T",
         .unset = "no limit",
         .example = "400M"}),
    At<&AppSpec::limits, &Limits::cpu_cores>(
        {.name = "limits.cpu",
         .type = FieldType::kNumber,
         .explanation = "Cores a worker may use: 1.5 is one and a half; 0: no "
                        "limit.",
         .path = "limits.cpu_cores",
         .least = "0.01",
         .most = "1024",
         .unset = "no limit",
         .example = "1.5"}),
    At<&AppSpec::limits, &Limits::pids>(
        {.name = "limits.pids",
         .type = FieldType::kInteger,
         .explanation = "Processes and threads a worker may have; 0: no limit.",
         .least = "1",
         .most = "4194304",
         .unset = "no limit",
         .example = "100"}),
    At<&AppSpec::limits, &Limits::nofile>(
        {.name = "limits.nofile",
         .type = FieldType::kInteger,
         .explanation = "Files a worker may have open; 0: as the agent.",
         .least = "1",
         .most = "1073741816",
         .unset = "the agent's own limit",
         .example = "65536"}),
    At<&AppSpec::limits, &Limits::core_bytes>(
        {.name = "limits.core",
         .type = FieldType::kSizeOrUnlimited,
         .explanation = "Largest core file; 0 for none, or unlimited. An "
                        "app with secrets, which would be in it, leaves none "
                        "unless this is set.",
         .path = "limits.core_bytes",
         .unset = "the agent's own limit",
         .example = "0"}),
    At<&AppSpec::limits, &Limits::nice>(
        {.name = "nice",
         .type = FieldType::kInteger,
         .explanation = "Scheduling priority, -20 (first) to 19 (last).",
         .path = "limits.nice",
         .least = "-20",
         .most = "19",
         .unset = "the agent's own",
         .example = "10"}),
    At<&AppSpec::limits, &Limits::umask>(
        {.name = "umask",
         .type = FieldType::kOctal,
         .explanation = "File mode creation mask, in octal digits.",
         .path = "limits.umask",
         .least = "000",
         .most = "777",
         .unset = "the agent's own",
         .example = "\"027\""}),
    At<&AppSpec::limits, &Limits::oom_score_adj>(
        {.name = "oom_score_adj",
         .type = FieldType::kInteger,
         .explanation = "How readily the kernel kills it when memory runs out: "
                        "-1000 (never) to 1000 (first).",
         .path = "limits.oom_score_adj",
         .least = "-1000",
         .most = "1000",
         .unset = "0",
         .example = "500"}),
    At<&AppSpec::hardening, &Hardening::no_new_privileges>(
        {.name = "no_new_privileges",
         .type = FieldType::kBool,
         .explanation = "The program and what it starts gain no privileges by "
                        "set-user-id files or file capabilities.",
         .path = "hardening.no_new_privileges",
         .example = "true"}),
    At<&AppSpec::hardening, &Hardening::capabilities>(
        {.name = "capabilities",
         .type = FieldType::kTexts,
         .explanation = "The only capabilities the program keeps; [] for none.",
         .path = "hardening.capabilities",
         .unset = "untouched",
         .example = "[CAP_NET_BIND_SERVICE]"}),
    At<&AppSpec::hardening, &Hardening::read_only_paths>(
        {.name = "read_only_paths",
         .type = FieldType::kTexts,
         .explanation = "Absolute paths the program cannot write to, with all "
                        "below them; at most 64.",
         .path = "hardening.read_only_paths",
         .example = "[/usr, /etc]"}),
    At<&AppSpec::hardening, &Hardening::private_tmp>(
        {.name = "private_tmp",
         .type = FieldType::kBool,
         .explanation = "A /tmp and /var/tmp of its own, gone when the worker "
                        "ends.",
         .path = "hardening.private_tmp",
         .example = "true"}),
};

}  // namespace

std::span<const Field> ResourceFields() { return kResourceFields; }

}  // namespace fleet::cli
