#include "cli/command_table.h"
#include "cli/flag_value.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// A text, as it is.
template <auto kField>
absl::Status SetText(CommandLine& line, const std::string& value) {
  line.*kField = value;
  return absl::OkStatus();
}

constexpr FlagDoc kFlags[] = {
    {"--token", "TOKEN", kLoginFlags,
     "The token; better from FLEET_TOKEN or standard input",
     SetText<&CommandLine::token>},
    {"--name", "NAME", kLoginFlags,
     "What to call the context; default: the address",
     SetText<&CommandLine::context>},
    {"--cert", "FILE", kLoginFlags,
     "With --key, in place of a token: your certificate (fleetctl user cert)",
     SetText<&CommandLine::certificate_file>},
    {"--key", "FILE", kLoginFlags, "The key of --cert",
     SetText<&CommandLine::key_file>},
    {"--oidc-token-file", "FILE", kLoginFlags,
     "File with an OIDC token, read anew at every command",
     SetText<&CommandLine::oidc_token_file>},
    {"--ca-pin", "PIN", kLoginFlags,
     "SHA-256 of the fleet's authority (fleetctl whoami), for an OIDC token",
     SetText<&CommandLine::authority_pin>},
    {"--ca", "FILE", kLoginFlags, "The fleet's authority, in place of --ca-pin",
     SetText<&CommandLine::authority_file>},
    {"--csr", "FILE", kUserFlags,
     "Sign this request, and print the certificate; without it a key is made",
     SetText<&CommandLine::request_file>},
    {"--role", "ROLE", kGrantFlags, "viewer, operator, deployer or admin",
     SetText<&CommandLine::role>},
    {"--apps", "GLOB,…", kGrantFlags, "Only for these apps",
     [](CommandLine& l, const std::string& v) { return AddWords(l.apps, v); }},
    {"--ttl", "DURATION", kGrantFlags,
     "How long it is valid (90d; 10m for a join token)",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.ttl, v);
     }},
    {"--join", "HOST", kTokenFlags,
     "A token that lets one machine in, once, as this host",
     SetText<&CommandLine::join_host>},
    {"--label", "KEY=VALUE,…", kTokenFlags,
     "With --join: labels that the host gets and cannot change",
     [](CommandLine& l, const std::string& v) {
       return AddWords(l.labels, v);
     }},
    {"--jti", "ID", kRevokeFlags,
     "Of an issuer's tokens: the one with this id (the claim jti) alone",
     SetText<&CommandLine::issued_id>},
    {"--all", "", kEndedFlags, "Also those that are used, expired or revoked",
     [](CommandLine& l, const std::string&) {
       l.include_ended = true;
       return absl::OkStatus();
     }},
    {"--since", "TIME", kAuditFlags, "From then on: 2h (ago) or a time",
     SetSince},
    {"--actor", "NAME", kAuditFlags, "Only what this one did",
     SetText<&CommandLine::actor>},
    {"-n,--records", "N", kAuditFlags, "The newest ones, without --since (50)",
     SetRecords},
    {"--verify", "", kAuditFlags, "Check the chain of hashes instead",
     [](CommandLine& l, const std::string&) {
       l.verify = true;
       return absl::OkStatus();
     }},
    {"--hosts,--host", "all|NAMES|SELECTOR", kHostFlags,
     "Only these hosts: names, globs or labels (role=web,zone in (a,b))",
     SetText<&CommandLine::hosts>},
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
    {"--timeout", "DURATION", kReplyFlags,
     "How long a worker may take to reply (5s), at most 20s",
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
    {"--on-failure", "pause|rollback|abort", kPolicyFlags,
     "What a failure does", SetOnFailure},
    {"--max-unavailable", "N|P%", kPolicyFlags,
     "Instances that may be missing, for whatever reason",
     [](CommandLine& l, const std::string& v) {
       return SetShare(l.policy.max_unavailable, v, 0);
     }},
    {"--order", "health|zone|name", kPolicyFlags, "Which hosts go first",
     SetOrder},
    {"--canary", "N|P%", kPolicyFlags, "Hosts of the first wave",
     [](CommandLine& l, const std::string& v) {
       return SetShare(l.policy.canary, v, 0);
     }},
    {"--waves", "N|P%,…", kPolicyFlags,
     "Hosts up to the end of each wave: 1,10%,50%,100%",
     [](CommandLine& l, const std::string& v) {
       return AddWords(l.policy.waves, v);
     }},
    {"--bake,--bake-time", "DURATION", kPolicyFlags,
     "Watch each wave this long before the next",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.policy.bake_time, v);
     }},
    {"--promote", "auto|manual", kPolicyFlags,
     "manual: after the first wave, wait for rollout promote", SetPromotion},
    {"--max-flaps", "N", kPolicyFlags,
     "Times readiness may drop while it soaks",
     [](CommandLine& l, const std::string& v) {
       return SetNumber(l.policy.max_flaps, v);
     }},
    {"--step-deadline", "DURATION", kPolicyFlags, "Longest time for one host",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.policy.step_deadline, v);
     }},
    {"--total-deadline", "DURATION", kPolicyFlags, "Longest time for all hosts",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.policy.total_deadline, v);
     }},
    {"--max-skipped", "N|P%", kPolicyFlags,
     "Hosts that may be left out because they are away",
     [](CommandLine& l, const std::string& v) {
       return SetShare(l.policy.max_skipped, v, 0);
     }},
    {"--unknown-grace", "DURATION", kPolicyFlags,
     "A host may be lost in its step this long",
     [](CommandLine& l, const std::string& v) {
       return SetDuration(l.policy.unknown_grace, v);
     }},
    {"--zones,--zone-label", "LABEL", kPolicyFlags,
     "The hosts' label that names their zone; one zone at a time",
     [](CommandLine& l, const std::string& v) {
       l.policy.zone_label = v;
       return absl::OkStatus();
     }},
    {"--max-zones", "N", kPolicyFlags, "Zones in work at once",
     [](CommandLine& l, const std::string& v) {
       return SetNumber(l.policy.max_zones, v);
     }},
    {"--gate", "GATE", kPolicyFlags,
     "Limit while a wave bakes: 'memory <= 300M'; may be repeated", AddGate},
    {"--pre-reload", "COMMAND", kPolicyFlags,
     "On each host, before its workers are touched",
     [](CommandLine& l, const std::string& v) {
       l.policy.hooks.pre_reload.command = v;
       return absl::OkStatus();
     }},
    {"--post-reload", "COMMAND", kPolicyFlags,
     "On each host, once its new workers are available",
     [](CommandLine& l, const std::string& v) {
       l.policy.hooks.post_reload.command = v;
       return absl::OkStatus();
     }},
    {"--pre-rollout", "COMMAND", kPolicyFlags,
     "Once, before any host is touched",
     [](CommandLine& l, const std::string& v) {
       l.policy.hooks.pre_rollout.command = v;
       return absl::OkStatus();
     }},
    {"--post-rollout", "COMMAND", kPolicyFlags, "Once, after the last host",
     [](CommandLine& l, const std::string& v) {
       l.policy.hooks.post_rollout.command = v;
       return absl::OkStatus();
     }},
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
    {"--to-revision", "N", kRevisionFlags, "The revision to go back to",
     SetRevision},
    {"--now", "", kPromoteFlags, "Do not wait for the end of the bake time",
     [](CommandLine& l, const std::string&) {
       l.now = true;
       return absl::OkStatus();
     }},
    {"--etag", "ETAG", kEtagFlags,
     "Only if the rollout is still as it was then (rollout status -o json)",
     SetText<&CommandLine::etag>},
    {"--from", "SEQ", kResumeFlags, "Events after this number only",
     [](CommandLine& l, const std::string& v) {
       return SetSequence(l.from_seq, v);
     }},
    {"--request-id", "ID", kRequestFlags,
     "The same id again does nothing twice", SetText<&CommandLine::request_id>},
    {"--reason", "TEXT", kReasonFlags, "Why; kept with the rollout",
     SetText<&CommandLine::reason>},
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
     SetText<&CommandLine::since>},
    {"--until", "AGO|TIME", kLogFlags, "Only what was written until then",
     SetText<&CommandLine::until>},
    {"--grep", "REGEX", kLogFlags,
     "Only lines in which this is found; the hosts search",
     SetText<&CommandLine::grep>},
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
     SetText<&CommandLine::timestamp>},
    {"--highlight", "WORD", kLogFlags, "Mark it where it occurs",
     SetText<&CommandLine::highlight>},
    {"--nostream", "", kLogFlags, "Do not follow (the default here)",
     [](CommandLine&, const std::string&) { return absl::OkStatus(); }},
    {"--env", "NAME", kFileFlags, "Put env_NAME over env",
     SetText<&CommandLine::env_name>},
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
     [](CommandLine& l, const std::string&) {
       l.attach = true;
       return absl::OkStatus();
     }},
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
     SetText<&CommandLine::controller>},
    {"--context", "NAME", kGlobalFlags,
     "Fleet to talk to, of those you logged in to; else $FLEET_CONTEXT",
     SetText<&CommandLine::context>},
    {"--token-file", "FILE", kGlobalFlags,
     "File with the token to show, else $FLEET_TOKEN or $FLEET_TOKEN_FILE",
     SetText<&CommandLine::token_file>},
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
