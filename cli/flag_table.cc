#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/command_table.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

absl::Status Expected(std::string_view what, const std::string& found) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", ToAbsl(what), ", found \"", found, "\""));
}

template <typename Target>
absl::Status SetDuration(Target& target, const std::string& value) {
  const auto parsed = ParseDuration(value);
  if (!parsed.ok()) return Expected("a duration such as 30s or 5m", value);
  target = *parsed;
  return absl::OkStatus();
}

absl::Status SetShare(std::string& target, const std::string& value,
                      int minimum) {
  RETURN_IF_ERROR(CheckNumberOrPercent(value, minimum));
  target = value;
  return absl::OkStatus();
}

absl::Status SetOutput(CommandLine& line, const std::string& value) {
  const struct {
    const char* name;
    OutputFormat format;
  } formats[] = {{"table", OutputFormat::kTable},
                 {"wide", OutputFormat::kWide},
                 {"json", OutputFormat::kJson},
                 {"yaml", OutputFormat::kYaml},
                 {"name", OutputFormat::kName}};
  for (const auto& format : formats) {
    if (value != format.name) continue;
    line.output = format.format;
    return absl::OkStatus();
  }
  return Expected(
      "table, wide, json, yaml or name (for a log file: --out-file)", value);
}

absl::Status SetOnFailure(CommandLine& line, const std::string& value) {
  if (value != "pause" && value != "abort") {
    return Expected("pause or abort", value);
  }
  line.policy.on_failure =
      value == "abort" ? OnFailure::kAbort : OnFailure::kPause;
  return absl::OkStatus();
}

absl::Status SetLines(CommandLine& line, const std::string& value) {
  constexpr int kMost = 10000;
  int lines = 0;
  if (!absl::SimpleAtoi(value, &lines) || lines < 0 || lines > kMost) {
    return Expected("a number up to 10,000", value);
  }
  line.lines = lines;
  return absl::OkStatus();
}

absl::Status AddWords(std::vector<std::string>& words,
                      const std::string& value) {
  for (const absl::string_view word :
       absl::StrSplit(value, ',', absl::SkipEmpty())) {
    words.emplace_back(word);
  }
  return absl::OkStatus();
}

absl::Status AddExitCodes(CommandLine& line, const std::string& value) {
  std::vector<std::string> words;
  RETURN_IF_ERROR(AddWords(words, value));
  SetEntry(line.fields, "stop_exit_codes", TextListValue(words));
  return absl::OkStatus();
}

constexpr FlagDoc kFlags[] = {
    {"--hosts,--host", "all|NAMES|SELECTOR", kHostFlags,
     "Only these hosts: names, globs or labels (role=web,zone in (a,b))",
     [](CommandLine& l, const std::string& v) {
       l.hosts = v;
       return absl::OkStatus();
     }},
    {"-o,--output", "FORMAT", kOutputFlags, "table, wide, json, yaml or name",
     SetOutput},
    {"--wait", "", kWaitFlags, "Wait for the end (the default)",
     [](CommandLine& l, const std::string&) {
       l.wait = true;
       return absl::OkStatus();
     }},
    {"--no-wait", "", kWaitFlags, "Return as soon as it is under way",
     [](CommandLine& l, const std::string&) {
       l.wait = false;
       return absl::OkStatus();
     }},
    {"--timeout", "DURATION", kWaitFlags,
     "Wait no longer than this; what was started goes on (exit code 6)",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.timeout, v);
     }},
    {"--dry-run", "", kDryRunFlags, "Check and say what would change",
     [](CommandLine& l, const std::string&) {
       l.dry_run = true;
       return absl::OkStatus();
     }},
    {"--max-parallel,--parallel", "N|P%", kPolicyFlags, "Hosts in work at once",
     [](CommandLine& l, const std::string& v) {
       return SetShare(l.policy.max_parallel, v, 1);
     }},
    {"--max-failures", "N|P%", kPolicyFlags,
     "Hosts that may fail before --on-failure holds",
     [](CommandLine& l, const std::string& v) {
       return SetShare(l.policy.max_failures, v, 0);
     }},
    {"--on-failure", "pause|abort", kPolicyFlags, "What a failure does",
     SetOnFailure},
    {"--min-ready-time", "DURATION", kPolicyFlags,
     "A new worker must be ready this long",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.policy.min_ready_time, v);
     }},
    {"--ready-deadline", "DURATION", kPolicyFlags,
     "From start to ready, per instance",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.policy.ready_deadline, v);
     }},
    {"--progress-deadline", "DURATION", kPolicyFlags,
     "Longest time without a further finished host",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.policy.progress_deadline, v);
     }},
    {"--supersede", "", kPolicyFlags,
     "End the rollout that is under way, in place of failing",
     [](CommandLine& l, const std::string&) {
       l.supersede = true;
       return absl::OkStatus();
     }},
    {"--request-id", "ID", kRequestFlags,
     "The same id again does nothing twice",
     [](CommandLine& l, const std::string& v) {
       l.request_id = v;
       return absl::OkStatus();
     }},
    {"--reason", "TEXT", kReasonFlags, "Why; kept with the rollout",
     [](CommandLine& l, const std::string& v) {
       l.reason = v;
       return absl::OkStatus();
     }},
    {"--active", "", kRolloutListFlags, "Only those that have not ended",
     [](CommandLine& l, const std::string&) {
       l.active = true;
       return absl::OkStatus();
     }},
    {"-f,--follow", "", kLogFlags, "Go on with what is written from now on",
     [](CommandLine& l, const std::string&) {
       l.follow = true;
       return absl::OkStatus();
     }},
    {"-n,--lines", "N", kLogFlags,
     "Last lines of each instance and output (15; with --since all)", SetLines},
    {"--since", "AGO|TIME", kLogFlags,
     "Only what was written since: 10m, 2h, 15:04, \"2024-02-09 15:04\"",
     [](CommandLine& l, const std::string& v) {
       l.since = v;
       return absl::OkStatus();
     }},
    {"--until", "AGO|TIME", kLogFlags, "Only what was written until then",
     [](CommandLine& l, const std::string& v) {
       l.until = v;
       return absl::OkStatus();
     }},
    {"--grep", "REGEX", kLogFlags,
     "Only lines in which this is found; the hosts search",
     [](CommandLine& l, const std::string& v) {
       l.grep = v;
       return absl::OkStatus();
     }},
    {"-v,--invert-match", "", kLogFlags, "Only lines in which it is not found",
     [](CommandLine& l, const std::string&) {
       l.invert = true;
       return absl::OkStatus();
     }},
    {"-i,--ignore-case", "", kLogFlags, "A for a in --grep",
     [](CommandLine& l, const std::string&) {
       l.ignore_case = true;
       return absl::OkStatus();
     }},
    {"--err", "", kLogFlags, "Standard error only",
     [](CommandLine& l, const std::string&) {
       l.only_err = true;
       return absl::OkStatus();
     }},
    {"--out", "", kLogFlags, "Standard output only",
     [](CommandLine& l, const std::string&) {
       l.only_out = true;
       return absl::OkStatus();
     }},
    {"--raw", "", kLogFlags, "The text alone, without host and instance",
     [](CommandLine& l, const std::string&) {
       l.raw = true;
       return absl::OkStatus();
     }},
    {"--json", "", kLogFlags, "Each line as a JSON object with PM2's keys",
     [](CommandLine& l, const std::string&) {
       l.log_json = true;
       return absl::OkStatus();
     }},
    {"--timestamp", "[FORMAT]", kLogFlags,
     "The time before each line (YYYY-MM-DDTHH:mm:ss, or as FORMAT says)",
     [](CommandLine& l, const std::string& v) {
       l.timestamp = v;
       return absl::OkStatus();
     }},
    {"--highlight", "WORD", kLogFlags, "Mark it where it occurs",
     [](CommandLine& l, const std::string& v) {
       l.highlight = v;
       return absl::OkStatus();
     }},
    {"--nostream", "", kLogFlags, "Do not follow (the default here)",
     [](CommandLine&, const std::string&) { return absl::OkStatus(); }},
    {"--env", "NAME", kFileFlags, "Put env_NAME over env",
     [](CommandLine& l, const std::string& v) {
       l.env_name = v;
       return absl::OkStatus();
     }},
    {"--only", "APP,…", kFileFlags, "Only these apps of the file",
     [](CommandLine& l, const std::string& v) { return AddWords(l.only, v); }},
    {"--prune", "", kPruneFlags,
     "Delete apps of the file's namespaces that are not in it",
     [](CommandLine& l, const std::string&) {
       l.prune = true;
       return absl::OkStatus();
     }},
    {"-y,--yes", "", kConfirmFlags, "Do not ask where something is removed",
     [](CommandLine& l, const std::string&) {
       l.yes = true;
       return absl::OkStatus();
     }},
    {"--exit-code", "", kDiffFlags, "End with 1 when there is a difference",
     [](CommandLine& l, const std::string&) {
       l.exit_code = true;
       return absl::OkStatus();
     }},
    {"--page", "", kReferenceFlags, "All fields, as Markdown",
     [](CommandLine& l, const std::string&) {
       l.page = true;
       return absl::OkStatus();
     }},
    {"--import-env", "NAME,…", kFileFlags,
     "Give the apps these variables of the caller's environment",
     [](CommandLine& l, const std::string& v) {
       return AddWords(l.import_env, v);
     }},
    {"--name", "NAME", kSpecFlags, "Name of the app", nullptr, "name"},
    {"-i,--instances", "N|max", kSpecFlags, "Workers on each host", nullptr,
     "instances"},
    {"--cwd", "FOLDER", kSpecFlags, "Folder it starts in", nullptr, "cwd"},
    {"--interpreter", "PROGRAM", kSpecFlags, "What runs the script, or none",
     nullptr, "interpreter"},
    {"--interpreter-args,--node-args", "ARGS", kSpecFlags,
     "Arguments of the interpreter", nullptr, "interpreter_args"},
    {"--exec-mode", "fork|cluster", kSpecFlags, "How workers share sockets",
     nullptr, "exec_mode"},
    {"--user,--uid", "USER", kSpecFlags, "User it runs as", nullptr, "user"},
    {"--group,--gid", "GROUP", kSpecFlags, "Group it runs as", nullptr,
     "group"},
    {"--namespace", "NAME", kSpecFlags, "Group of apps", nullptr, "namespace"},
    {"--port", "N", kSpecFlags, "Given to it as PORT", nullptr, "port"},
    {"--wait-ready", "", kSpecFlags, "Ready by process.send('ready')", nullptr,
     "wait_ready", "true"},
    {"--listen-timeout", "DURATION", kSpecFlags, "From start to ready", nullptr,
     "listen_timeout"},
    {"--kill-timeout", "DURATION", kSpecFlags, "From stop signal to SIGKILL",
     nullptr, "kill_timeout"},
    {"--stop-signal", "SIGNAL", kSpecFlags, "Signal that stops it", nullptr,
     "stop_signal"},
    {"--shutdown-with-message", "", kSpecFlags,
     "Stop by the message \"shutdown\"", nullptr, "shutdown_with_message",
     "true"},
    {"--no-treekill", "", kSpecFlags, "Signal the main process only", nullptr,
     "treekill", "false"},
    {"--no-autorestart", "", kSpecFlags, "Do not restart it", nullptr,
     "autorestart", "false"},
    {"--max-restarts", "N", kSpecFlags, "Unstable exits until it gives up",
     nullptr, "max_restarts"},
    {"--min-uptime", "DURATION", kSpecFlags, "An earlier exit is unstable",
     nullptr, "min_uptime"},
    {"--restart-delay", "DURATION", kSpecFlags, "Wait before a restart",
     nullptr, "restart_delay"},
    {"--exp-backoff-restart-delay", "DURATION", kSpecFlags,
     "First wait of a growing series", nullptr, "exp_backoff_restart_delay"},
    {"--stop-exit-codes", "N,…", kSpecFlags, "Exit codes that end it for good",
     AddExitCodes},
    {"--max-memory-restart", "SIZE", kSpecFlags, "Reload an instance over this",
     nullptr, "max_memory_restart"},
    {"--output-file,--out-file", "FILE", kSpecFlags, "Standard output", nullptr,
     "out_file"},
    {"-e,--error,--error-file", "FILE", kSpecFlags, "Standard error", nullptr,
     "error_file"},
    {"-l,--log", "FILE", kSpecFlags, "One more file, with both outputs",
     nullptr, "log_file"},
    {"--merge-logs", "", kSpecFlags, "Instances share one file", nullptr,
     "merge_logs", "true"},
    {"--disable-logs", "", kSpecFlags, "Write no log files", nullptr,
     "disable_logs", "true"},
    {"--watch", "", kSpecFlags, "Reload on changes (not yet in force)", nullptr,
     "watch", "true"},
    {"--cron,--cron-restart", "PATTERN", kSpecFlags,
     "Reload by the calendar (not yet in force)", nullptr, "cron_restart"},
    {"--time", "", kSpecFlags, "Time before each line of the log files",
     nullptr, "time", "true"},
    {"--controller", "ADDRESS", kGlobalFlags,
     "Controller to talk to, else $FLEET_CONTROLLER, else this user's own",
     [](CommandLine& l, const std::string& v) {
       l.controller = v;
       return absl::OkStatus();
     }},
    {"--insecure", "", kGlobalFlags, "Plaintext TCP, on loopback only",
     [](CommandLine& l, const std::string&) {
       l.insecure = true;
       return absl::OkStatus();
     }},
    {"--no-color", "", kGlobalFlags, "No colours, as with $NO_COLOR",
     [](CommandLine& l, const std::string&) {
       l.no_color = true;
       return absl::OkStatus();
     }},
    {"-h,--help", "", kGlobalFlags, "This text",
     [](CommandLine& l, const std::string&) {
       l.help = true;
       return absl::OkStatus();
     }},
};

}  // namespace

std::span<const FlagDoc> Flags() { return kFlags; }

}  // namespace fleet::cli
