#include "cli/command_table.h"
#include "cli/flag_value.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

using Policy = RolloutPolicySpec;

// Each of these reads into a member of the line, or a member of its member.
template <auto kMember>
auto& Target(CommandLine& line) {
  return line.*kMember;
}
template <auto kMember, auto kPart>
auto& Target(CommandLine& line) {
  return line.*kMember.*kPart;
}

// A text, as it is.
template <auto... kMembers>
absl::Status ReadText(CommandLine& line, const std::string& value) {
  Target<kMembers...>(line) = value;
  return absl::OkStatus();
}

template <auto... kMembers>
absl::Status ReadWords(CommandLine& line, const std::string& value) {
  return AddWords(Target<kMembers...>(line), value);
}

template <auto... kMembers>
absl::Status ReadDuration(CommandLine& line, const std::string& value) {
  return SetDuration(Target<kMembers...>(line), value);
}

template <auto... kMembers>
absl::Status ReadNumber(CommandLine& line, const std::string& value) {
  return SetNumber(Target<kMembers...>(line), value);
}

template <int kLeast, auto kField>
absl::Status ReadShare(CommandLine& line, const std::string& value) {
  return SetShare(line.policy.*kField, value, kLeast);
}

template <auto kHook>
absl::Status ReadHook(CommandLine& line, const std::string& value) {
  (line.policy.hooks.*kHook).command = value;
  return absl::OkStatus();
}

template <auto kSwitch>
absl::Status TurnOn(CommandLine& line, const std::string&) {
  line.*kSwitch = true;
  return absl::OkStatus();
}

constexpr FlagDoc kFlags[] = {
    {"--token", "TOKEN", kLoginFlags,
     "The token; better from FLEET_TOKEN or standard input",
     ReadText<&CommandLine::token>},
    {"--name", "NAME", kLoginFlags,
     "What to call the context; default: the address",
     ReadText<&CommandLine::context>},
    {"--cert", "FILE", kLoginFlags,
     "With --key, in place of a token: your certificate (fleetctl user cert)",
     ReadText<&CommandLine::certificate_file>},
    {"--key", "FILE", kLoginFlags, "The key of --cert",
     ReadText<&CommandLine::key_file>},
    {"--oidc-token-file", "FILE", kLoginFlags,
     "File with an OIDC token, read anew at every command",
     ReadText<&CommandLine::oidc_token_file>},
    {"--ca-pin", "PIN", kLoginFlags,
     "SHA-256 of the fleet's authority (fleetctl whoami), for an OIDC token",
     ReadText<&CommandLine::authority_pin>},
    {"--ca", "FILE", kLoginFlags, "The fleet's authority, in place of --ca-pin",
     ReadText<&CommandLine::authority_file>},
    {"--csr", "FILE", kUserFlags,
     "Sign this request, and print the certificate; without it a key is made",
     ReadText<&CommandLine::request_file>},
    {"--role", "ROLE", kGrantFlags, "viewer, operator, deployer or admin",
     ReadText<&CommandLine::role>},
    {"--apps", "GLOB,…", kGrantFlags, "Only for these apps",
     ReadWords<&CommandLine::apps>},
    {"--ttl", "DURATION", kGrantFlags,
     "How long it is valid (90d; 10m for a join token)",
     ReadDuration<&CommandLine::ttl>},
    {"--join", "HOST", kTokenFlags,
     "A token that lets one machine in, once, as this host",
     ReadText<&CommandLine::join_host>},
    {"--label", "KEY=VALUE,…", kTokenFlags,
     "With --join: labels that the host gets and cannot change",
     ReadWords<&CommandLine::labels>},
    {"--jti", "ID", kRevokeFlags,
     "Of an issuer's tokens: the one with this id (the claim jti) alone",
     ReadText<&CommandLine::issued_id>},
    {"--all", "", kEndedFlags, "Also those that are used, expired or revoked",
     TurnOn<&CommandLine::include_ended>},
    {"--since", "TIME", kAuditFlags, "From then on: 2h (ago) or a time",
     SetSince},
    {"--actor", "NAME", kAuditFlags, "Only what this one did",
     ReadText<&CommandLine::actor>},
    {"-n,--records", "N", kAuditFlags, "The newest ones, without --since (50)",
     SetRecords},
    {"--verify", "", kAuditFlags, "Check the chain of hashes instead",
     TurnOn<&CommandLine::verify>},
    {"--hosts,--host", "all|NAMES|SELECTOR", kHostFlags,
     "Only these hosts: names, globs or labels (role=web,zone in (a,b))",
     ReadText<&CommandLine::hosts>},
    {"-o,--output", "FORMAT", kOutputFlags, "table, wide, json, yaml or name",
     SetOutput},
    {"--wait", "", kWaitFlags,
     "Wait for the end (the default, but for rollout status)",
     TurnOn<&CommandLine::wait>},
    {"--no-wait", "", kWaitFlags, "Return as soon as it is under way",
     [](CommandLine& l, const std::string&) {
       l.wait = false;
       return absl::OkStatus();
     }},
    {"--timeout", "DURATION", kWaitFlags,
     "Wait no longer than this; what was started goes on (exit code 6)",
     ReadDuration<&CommandLine::timeout>},
    {"--timeout", "DURATION", kReplyFlags,
     "How long a worker may take to reply (5s), at most 20s",
     ReadDuration<&CommandLine::timeout>},
    {"--dry-run", "", kDryRunFlags, "Check and say what would change",
     TurnOn<&CommandLine::dry_run>},
    {"--max-parallel,--parallel", "N|P%", kPolicyFlags, "Hosts in work at once",
     ReadShare<1, &Policy::max_parallel>},
    {"--max-failures", "N|P%", kPolicyFlags,
     "Hosts that may fail before --on-failure is carried out",
     ReadShare<0, &Policy::max_failures>},
    {"--on-failure", "pause|rollback|abort", kPolicyFlags,
     "What a failure does", SetOnFailure},
    {"--max-unavailable", "N|P%", kPolicyFlags,
     "Instances that may be missing, for whatever reason",
     ReadShare<0, &Policy::max_unavailable>},
    {"--order", "health|zone|name", kPolicyFlags, "Which hosts go first",
     SetOrder},
    {"--canary", "N|P%", kPolicyFlags, "Hosts of the first wave",
     ReadShare<0, &Policy::canary>},
    {"--waves", "N|P%,…", kPolicyFlags,
     "Hosts up to the end of each wave: 1,10%,50%,100%",
     ReadWords<&CommandLine::policy, &Policy::waves>},
    {"--bake,--bake-time", "DURATION", kPolicyFlags,
     "Watch each wave this long before the next",
     ReadDuration<&CommandLine::policy, &Policy::bake_time>},
    {"--promote", "auto|manual", kPolicyFlags,
     "manual: after the first wave, wait for rollout promote", SetPromotion},
    {"--max-flaps", "N", kPolicyFlags,
     "Times readiness may drop while it soaks",
     ReadNumber<&CommandLine::policy, &Policy::max_flaps>},
    {"--step-deadline", "DURATION", kPolicyFlags, "Longest time for one host",
     ReadDuration<&CommandLine::policy, &Policy::step_deadline>},
    {"--total-deadline", "DURATION", kPolicyFlags, "Longest time for all hosts",
     ReadDuration<&CommandLine::policy, &Policy::total_deadline>},
    {"--max-skipped", "N|P%", kPolicyFlags,
     "Hosts that may be left out because they are away",
     ReadShare<0, &Policy::max_skipped>},
    {"--unknown-grace", "DURATION", kPolicyFlags,
     "A host may be lost in its step this long",
     ReadDuration<&CommandLine::policy, &Policy::unknown_grace>},
    {"--zones,--zone-label", "LABEL", kPolicyFlags,
     "The hosts' label that names their zone; one zone at a time",
     ReadText<&CommandLine::policy, &Policy::zone_label>},
    {"--max-zones", "N", kPolicyFlags, "Zones in work at once",
     ReadNumber<&CommandLine::policy, &Policy::max_zones>},
    {"--gate", "GATE", kPolicyFlags,
     "Limit while a wave bakes: 'memory <= 300M'; may be repeated", AddGate},
    {"--pre-reload", "COMMAND", kPolicyFlags,
     "On each host, before its workers are touched",
     ReadHook<&RolloutHooks::pre_reload>},
    {"--post-reload", "COMMAND", kPolicyFlags,
     "On each host, once its new workers are available",
     ReadHook<&RolloutHooks::post_reload>},
    {"--pre-rollout", "COMMAND", kPolicyFlags,
     "Once, before any host is touched", ReadHook<&RolloutHooks::pre_rollout>},
    {"--post-rollout", "COMMAND", kPolicyFlags, "Once, after the last host",
     ReadHook<&RolloutHooks::post_rollout>},
    {"--min-ready-time", "DURATION", kPolicyFlags,
     "A new worker must be ready this long",
     ReadDuration<&CommandLine::policy, &Policy::min_ready_time>},
    {"--ready-deadline", "DURATION", kPolicyFlags,
     "From start to ready, per instance",
     ReadDuration<&CommandLine::policy, &Policy::ready_deadline>},
    {"--progress-deadline", "DURATION", kPolicyFlags,
     "Longest time without a further finished host",
     ReadDuration<&CommandLine::policy, &Policy::progress_deadline>},
    {"--supersede", "", kPolicyFlags,
     "End the rollout that is under way, in place of failing",
     TurnOn<&CommandLine::supersede>},
    {"--to-revision", "N", kRevisionFlags, "The revision to go back to",
     SetRevision},
    {"--now", "", kPromoteFlags, "Do not wait for the end of the bake time",
     TurnOn<&CommandLine::now>},
    {"--etag", "ETAG", kEtagFlags,
     "Only if the rollout is still as it was then (rollout status -o json)",
     ReadText<&CommandLine::etag>},
    {"--from", "SEQ", kResumeFlags, "Events after this number only",
     [](CommandLine& l, const std::string& v) {
       return SetSequence(l.from_seq, v);
     }},
    {"--request-id", "ID", kRequestFlags,
     "The same id again does nothing twice",
     ReadText<&CommandLine::request_id>},
    {"--reason", "TEXT", kReasonFlags, "Why; kept with the rollout",
     ReadText<&CommandLine::reason>},
    {"--active", "", kRolloutListFlags, "Only those that have not ended",
     TurnOn<&CommandLine::active>},
    {"-f,--follow", "", kLogFlags, "Go on with what is written from now on",
     TurnOn<&CommandLine::follow>},
    {"-n,--lines", "N", kLogFlags,
     "Last lines of each instance and output (15; with --since all)", SetLines},
    {"--since", "AGO|TIME", kLogFlags,
     "Only what was written since: 10m, 2h, 15:04, \"2024-02-09 15:04\"",
     ReadText<&CommandLine::since>},
    {"--until", "AGO|TIME", kLogFlags, "Only what was written until then",
     ReadText<&CommandLine::until>},
    {"--grep", "REGEX", kLogFlags,
     "Only lines in which this is found; the hosts search",
     ReadText<&CommandLine::grep>},
    {"-v,--invert-match", "", kLogFlags, "Only lines in which it is not found",
     TurnOn<&CommandLine::invert>},
    {"-i,--ignore-case", "", kLogFlags, "A for a in --grep",
     TurnOn<&CommandLine::ignore_case>},
    {"--err", "", kLogFlags, "Standard error only",
     TurnOn<&CommandLine::only_err>},
    {"--out", "", kLogFlags, "Standard output only",
     TurnOn<&CommandLine::only_out>},
    {"--raw", "", kLogFlags, "The text alone, without host and instance",
     TurnOn<&CommandLine::raw>},
    {"--json", "", kLogFlags, "Each line as a JSON object with PM2's keys",
     TurnOn<&CommandLine::log_json>},
    {"--timestamp", "[FORMAT]", kLogFlags,
     "The time before each line (YYYY-MM-DDTHH:mm:ss, or as FORMAT says)",
     ReadText<&CommandLine::timestamp>},
    {"--highlight", "WORD", kLogFlags, "Mark it where it occurs",
     ReadText<&CommandLine::highlight>},
    {"--nostream", "", kLogFlags, "Do not follow (the default here)",
     [](CommandLine&, const std::string&) { return absl::OkStatus(); }},
    {"--env", "NAME", kFileFlags, "Put env_NAME over env",
     ReadText<&CommandLine::env_name>},
    {"--only", "APP,…", kFileFlags, "Only these apps of the file",
     ReadWords<&CommandLine::only>},
    {"--prune", "", kPruneFlags,
     "Delete apps of the file's namespaces that are not in it",
     TurnOn<&CommandLine::prune>},
    {"-y,--yes", "", kConfirmFlags, "Do not ask where something is removed",
     TurnOn<&CommandLine::yes>},
    {"--exit-code", "", kDiffFlags, "End with 1 when there is a difference",
     TurnOn<&CommandLine::exit_code>},
    {"--page", "", kReferenceFlags, "All fields, as Markdown",
     TurnOn<&CommandLine::page>},
    {"--import-env", "NAME,…", kFileFlags,
     "Give the apps these variables of the caller's environment",
     ReadWords<&CommandLine::import_env>},
    {"-n,--name", "NAME", kSpecFlags, "Name of the app", nullptr, "name"},
    {"-i,--instances", "N|max", kSpecFlags, "Workers on each host", nullptr,
     "instances"},
    {"--cwd", "FOLDER", kSpecFlags, "Folder it starts in", nullptr, "cwd"},
    {"--interpreter", "PROGRAM", kSpecFlags, "What runs the script, or none",
     nullptr, "interpreter"},
    {"--interpreter-args,--node-args", "ARGS", kSpecFlags,
     "Arguments of the interpreter", nullptr, "interpreter_args"},
    {"--exec-mode", "fork|cluster", kSpecFlags, "How workers share sockets",
     nullptr, "exec_mode"},
    {"-x,--execute-command", "", kSpecFlags, "As --exec-mode fork", nullptr,
     "exec_mode", "fork"},
    {"--stdin", "", kSpecFlags, "Give it a pipe as standard input, for send",
     nullptr, "stdin", "true"},
    {"-u,--user,--uid", "USER", kSpecFlags, "User it runs as", nullptr, "user"},
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
    {"--watch", "", kSpecFlags, "Reload on changes", nullptr, "watch", "true"},
    {"-c,--cron,--cron-restart", "PATTERN", kSpecFlags,
     "Reload by the calendar", nullptr, "cron_restart"},
    {"--time", "", kSpecFlags, "Time before each line of the log files",
     nullptr, "time", "true"},
    {"--ignore-watch", "GLOB,…", kSpecFlags, "Files that --watch leaves out",
     [](CommandLine& l, const std::string& v) {
       std::vector<std::string> globs;
       RETURN_IF_ERROR(AddWords(globs, v));
       SetEntry(l.fields, "ignore_watch", TextListValue(globs));
       return absl::OkStatus();
     }},
    {"--watch-delay", "DURATION", kSpecFlags,
     "Time without a change before a reload", nullptr, "watch_delay"},
    {"--log-date-format", "FORMAT", kSpecFlags,
     "Time in log files, PM2's words", nullptr, "log_date_format"},
    {"--log-type", "json", kSpecFlags, "Log lines as JSON", nullptr,
     "log_type"},
    {"--no-autostart", "", kSpecFlags, "Make the app, and start it later",
     nullptr, "autostart", "false"},
    {"-p,--pid", "FILE", kSpecFlags, "File with the process id", nullptr,
     "pid_file"},
    {"--attach", "", kStartFlags, "Follow its logs once it is started",
     TurnOn<&CommandLine::attach>},
    {"--force", "", kStartFlags,
     "Of PM2; a name is one app here, and start updates it",
     [](CommandLine& l, const std::string&) {
       l.without_meaning.emplace_back("--force");
       return absl::OkStatus();
     }},
    {"--update-env", "", kStartFlags,
     "Of PM2; the spec's env is what counts (see --import-env)",
     [](CommandLine& l, const std::string&) {
       l.without_meaning.emplace_back("--update-env");
       return absl::OkStatus();
     }},
    {"--filter-env", "NAMES", kStartFlags,
     "Of PM2; the caller's environment is not taken (see --import-env)",
     [](CommandLine& l, const std::string&) {
       l.without_meaning.emplace_back("--filter-env");
       return absl::OkStatus();
     }},
    {"-s,--silent", "", kStartFlags, "Say less: as -o name",
     [](CommandLine& l, const std::string&) {
       l.output = OutputFormat::kName;
       return absl::OkStatus();
     }},
    {"--sort", "FIELD[:desc]", kSortFlags,
     "By name, id, cpu, memory, restarts, uptime or state", SetSort},
    {"--controller", "ADDRESS", kGlobalFlags,
     "Controller to talk to, else $FLEET_CONTROLLER, else this user's own",
     ReadText<&CommandLine::controller>},
    {"--context", "NAME", kGlobalFlags,
     "Fleet to talk to, of those you logged in to; else $FLEET_CONTEXT",
     ReadText<&CommandLine::context>},
    {"--token-file", "FILE", kGlobalFlags,
     "File with the token to show, else $FLEET_TOKEN or $FLEET_TOKEN_FILE",
     ReadText<&CommandLine::token_file>},
    {"--insecure", "", kGlobalFlags, "Plaintext TCP, on loopback only",
     TurnOn<&CommandLine::insecure>},
    {"--no-color", "", kGlobalFlags, "No colours, as with $NO_COLOR",
     TurnOn<&CommandLine::no_color>},
    {"-h,--help", "", kGlobalFlags, "This text", TurnOn<&CommandLine::help>},
};

}  // namespace

std::span<const FlagDoc> Flags() { return kFlags; }

}  // namespace fleet::cli
