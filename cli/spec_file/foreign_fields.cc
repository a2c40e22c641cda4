// What has a meaning only to PM2: known, so that its files are read without
// a warning of an unknown key.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Field Foreign(std::string_view name, std::string_view explanation) {
  return {.name = name,
          .support = Support::kIgnored,
          .explanation = explanation,
          .pm2 = name};
}

constexpr Field kForeignFields[] = {
    Foreign("filter_env",
            "Variables of the caller that are not passed on; none are here, "
            "but those of --import-env."),
    Foreign("force",
            "Starts the same script twice; here two apps need two names."),
    Foreign("kill_retry_time",
            "How often PM2 looks whether a process is gone."),
    Foreign("watch_options",
            "Options of PM2's file watcher; its ignored is ignore_watch here."),
    Foreign("post_update", "Commands after PM2's pull; here rollout.hooks."),
    Foreign("pmx", "PM2's own metrics."),
    Foreign("trace", "PM2's own tracing."),
    Foreign("disable_trace", "PM2's own tracing."),
    Foreign("v8", "PM2's own metrics."),
    Foreign("event_loop_inspector", "PM2's own metrics."),
    Foreign("deep_monitoring", "PM2's own metrics."),
    Foreign("vizion", "Reads the version control of cwd for PM2's list."),
    Foreign("automation", "PM2's own metrics."),
    Foreign("io", "Settings of PM2's own service."),
    Foreign("source_map_support",
            "Use interpreter_args: --enable-source-maps."),
    Foreign("disable_source_map_support", "Node has none unless it is asked."),
    Foreign("windows_hide", "Of another system."),
    Foreign("username", "PM2 fills it in itself."),
    Foreign("install_url", "Of a module of PM2."),
    Foreign("write", "Of a command of PM2."),
    {.name = "execute_command",
     .type = FieldType::kBool,
     .set =
         [](AppSpec& s, const FieldValue& v) {
           if (v.boolean) s.exec_mode = ExecMode::kFork;
         },
     .explanation = "The same as exec_mode: fork.",
     .pm2 = "execute_command",
     .unset = "false",
     .example = "true"},
};

}  // namespace

std::span<const Field> ForeignFields() { return kForeignFields; }

}  // namespace fleet::cli
