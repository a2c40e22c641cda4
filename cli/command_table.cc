#include "cli/command_table.h"

#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr unsigned kRolloutFlags = kGlobalFlags | kHostFlags | kWaitFlags |
                                   kPolicyFlags | kRequestFlags | kConfirmFlags;

constexpr CommandDoc kCommands[] = {
    {"apply", "", "FILE", 1, 1, Operand::kFiles,
     kRolloutFlags | kDryRunFlags | kFileFlags | kOutputFlags | kPruneFlags,
     "Make the fleet run what a file says",
     "FILE is fleet.yaml, fleet.json, PM2's ecosystem.config.js (or .cjs, "
     ".mjs, .json, .yaml) or a Procfile. The differences are shown first. Apps "
     "that changed are rolled out, apps that did not are left alone, apps that "
     "are missing in the file are not touched without --prune. The file is the "
     "truth: what it does not say goes back to its default, variables too.",
     "fleetctl apply fleet.yaml                 # start or update its apps\n"
     "fleetctl apply ecosystem.config.js --env production --dry-run\n"
     "fleetctl apply fleet.yaml --prune --yes   # and delete what it lacks"},
    {"diff", "", "FILE", 1, 1, Operand::kFiles,
     kGlobalFlags | kHostFlags | kFileFlags | kOutputFlags | kPruneFlags |
         kDiffFlags,
     "Show what apply would change", "Changes nothing.",
     "fleetctl diff fleet.yaml\n"
     "fleetctl diff fleet.yaml --exit-code      # 1 when there is a "
     "difference"},
    {"validate", "", "FILE", 1, 1, Operand::kFiles,
     kGlobalFlags | kFileFlags | kOutputFlags,
     "Check a file and print what it comes to",
     "Prints each app with what the file sets and what was worked out from it; "
     "with -o wide every field. Looks at the file alone: needs no fleet.",
     "fleetctl validate fleet.yaml\n"
     "fleetctl validate ecosystem.config.js --env production -o wide"},
    {"explain", "", "[FIELD…]", 0, -1, Operand::kFields,
     kGlobalFlags | kReferenceFlags, "Say what a field of a file means",
     "Takes PM2's names as well. Without a name it lists all.",
     "fleetctl explain max_memory_restart\n"
     "fleetctl explain readiness"},
    {"export", "", "[APP…]", 0, -1, Operand::kApps, kGlobalFlags | kOutputFlags,
     "Write the running apps as a file",
     "A native file that changes nothing when it is applied to the same fleet, "
     "and makes the same apps on another. Values of secrets are not in it.",
     "fleetctl export > fleet.yaml\nfleetctl export 'api-*' -o json"},
    {"ecosystem", "init create", "[FILE]", 0, 1, Operand::kFiles, kGlobalFlags,
     "Write a commented sample file",
     "FILE is fleet.yaml unless named; PM2's form for ecosystem.config.js.",
     "fleetctl ecosystem\nfleetctl ecosystem ecosystem.config.js"},
    {"schema", "", "", 0, 0, Operand::kNone, kGlobalFlags,
     "Print the JSON Schema of native files, for editors", "",
     "fleetctl schema > fleet.schema.json"},
    {"start", "", "FILE|SCRIPT|APP|APP.N… [-- ARGUMENT…]", 1, -1,
     Operand::kFiles,
     kRolloutFlags | kDryRunFlags | kFileFlags | kSpecFlags | kOutputFlags |
         kConfirmFlags | kStartFlags,
     "Start scripts, the apps of files, or what was stopped",
     "With nothing configured, a fleet on this machine is started for you.",
     "fleetctl start app.js -i 4 --name web     # four workers of a script\n"
     "fleetctl start ecosystem.config.js        # as PM2 does\n"
     "fleetctl start app.py -- --port 8000      # with arguments\n"
     "fleetctl start web                        # again, after stop"},
    {"ls", "list status ps l", "[APP|APP.N…]", 0, -1, Operand::kApps,
     kGlobalFlags | kOutputFlags | kSortFlags | kHostFlags,
     "List the apps, or the workers of some",
     "Shows what the hosts have reported. A host that is not connected is "
     "marked stale.",
     "fleetctl ls                               # a row per app\n"
     "fleetctl ls web                           # a row per worker of web\n"
     "fleetctl ls -o wide                       # a row per worker of all"},
    {"show", "describe info desc", "APP|APP.N…", 1, -1, Operand::kApps,
     kGlobalFlags | kOutputFlags | kHostFlags,
     "Show all there is to know of an app", "",
     "fleetctl show web\nfleetctl show web -o json"},
    {"hosts", "", "[HOST…]", 0, -1, Operand::kHosts,
     kGlobalFlags | kOutputFlags | kHostFlags, "List the hosts", "",
     "fleetctl hosts\nfleetctl hosts --hosts role=web -o wide"},
    {"hosts label", "", "HOST|SELECTOR KEY=VALUE|KEY-…", 2, -1, Operand::kHosts,
     kGlobalFlags | kOutputFlags, "Give hosts labels, or take them back",
     "They stand beside those of the agent's own --label, and over them. Apps "
     "whose hosts match from now on are started there; apps that no longer "
     "match stay until they are applied again.",
     "fleetctl hosts label host-1 role=web zone=a\n"
     "fleetctl hosts label 'web-*' canary-"},
    {"hosts remove", "", "HOST…", 1, -1, Operand::kHosts, kGlobalFlags,
     "Forget hosts that are gone",
     "A host that is connected stays; stop its "
     "agent first.",
     "fleetctl hosts remove host-9"},
    {"jlist", "", "[APP…]", 0, -1, Operand::kApps, kGlobalFlags | kHostFlags,
     "List the workers as JSON, in PM2's shape",
     "An object per worker. pm_id is the id of its app, and what PM2 does not "
     "know (host, instance, generation) is under \"fleet\".",
     "fleetctl jlist | jq '.[].monit.memory'"},
    {"prettylist", "", "[APP…]", 0, -1, Operand::kApps,
     kGlobalFlags | kHostFlags, "The same, indented", "",
     "fleetctl prettylist web"},
    {"id", "", "APP…", 1, -1, Operand::kApps, kGlobalFlags,
     "Print the ids of apps", "", "fleetctl id web"},
    {"pid", "", "[APP|APP.N…]", 0, -1, Operand::kApps,
     kGlobalFlags | kOutputFlags | kHostFlags,
     "Print the process ids of workers, one a line",
     "With -o wide also their host and instance.",
     "fleetctl pid web\nfleetctl pid -o wide"},
    {"env", "", "APP|APP.N…", 1, -1, Operand::kApps, kGlobalFlags,
     "Print the variables that an app's spec gives to its workers", "",
     "fleetctl env web.0"},
    {"monit", "dashboard dash imonit", "", 0, 0, Operand::kNone,
     kGlobalFlags | kHostFlags, "Watch hosts and workers on a full screen",
     "Shows hosts, workers with their use of processors and memory over the "
     "last minute, and the logs of the selected app. Keys reload, restart, "
     "stop, start and scale it; ? lists them.",
     "fleetctl monit\nfleetctl monit --hosts role=web"},
    {"doctor", "report", "", 0, 0, Operand::kNone,
     kGlobalFlags | kHostFlags | kOutputFlags,
     "Check the whole fleet and say what to do",
     "Looks at the controller, at versions and clocks, at every host (kernel, "
     "cgroup, disk, journal …), and at apps that crash or failed. Exit code 1 "
     "when there is a problem; warnings are none.",
     "fleetctl doctor\nfleetctl doctor -o json"},
    {"reload", "gracefulReload startOrReload startOrGracefulReload",
     "APP|APP.N|FILE…", 1, -1, Operand::kApps,
     kRolloutFlags | kDryRunFlags | kFileFlags | kOutputFlags,
     "Replace the workers of an app without losing a request",
     "New workers are ready before old ones are stopped, host by host. A "
     "failure pauses the rollout; the old workers serve on. APP.N replaces the "
     "worker of one instance on each host, at once and without a rollout. A "
     "file is applied first: apps that it changes or adds are rolled out by "
     "that, and all others of it are reloaded.",
     "fleetctl reload web --hosts all\n"
     "fleetctl reload ecosystem.config.js       # after new code was put "
     "there\n"
     "fleetctl reload web --hosts zone=a --max-parallel 25%\n"
     "fleetctl reload web.2 --hosts host-1      # one instance\n"
     "fleetctl reload 'api-*' --no-wait"},
    {"restart", "startOrRestart", "APP|APP.N|FILE…", 1, -1, Operand::kApps,
     kRolloutFlags | kDryRunFlags | kFileFlags | kOutputFlags,
     "Stop and start the workers of an app, host by host",
     "Each worker is stopped before its successor starts. Reload loses "
     "nothing; restart is for programs that cannot run twice. APP.N restarts "
     "one instance on each host, at once and without a rollout. A file is "
     "applied first, as by reload.",
     "fleetctl restart worker\nfleetctl restart worker.0"},
    {"stop", "", "APP|APP.N…", 1, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kWaitFlags | kRequestFlags,
     "Stop the workers of an app and keep the app",
     "APP.N stops one instance on each host. It stays stopped until it is "
     "started, or its app is started, reloaded or updated.",
     "fleetctl stop web\nfleetctl stop all --hosts host-2\n"
     "fleetctl stop web.2"},
    {"delete", "del", "APP…", 1, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kWaitFlags | kRequestFlags,
     "Stop an app and forget it; its log files stay", "",
     "fleetctl delete web"},
    {"scale", "", "APP… N|+N|-N|max", 2, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kWaitFlags | kRequestFlags,
     "Set the number of workers on each host",
     "Workers that go on are not touched.",
     "fleetctl scale web 8\nfleetctl scale web +2"},
    {"signal", "sendSignal", "SIGNAL APP|APP.N…", 2, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kOutputFlags,
     "Send a signal to the workers of an app",
     "It goes to the main process of each worker. A worker that ends by it is "
     "restarted as its spec says.",
     "fleetctl signal SIGUSR2 web               # every worker, every host\n"
     "fleetctl signal SIGHUP web.0 --hosts host-1"},
    {"send", "", "APP|APP.N MESSAGE", 2, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kOutputFlags,
     "Send a message to the workers of an app",
     "A Node program gets it as process.on('message'): JSON as the value it "
     "is, anything else as a string.",
     "fleetctl send web.0 hello\n"
     "fleetctl send web '{\"log\": \"debug\"}'"},
    {"reset", "", "APP|APP.N|all…", 1, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kOutputFlags,
     "Count the restarts of an app from 0 again", "",
     "fleetctl reset web\nfleetctl reset all"},
    {"inspect", "", "APP.N", 1, 1, Operand::kApps, kGlobalFlags | kHostFlags,
     "Open the inspector of a Node worker",
     "Sends SIGUSR1, on which Node opens its inspector on 127.0.0.1:9229 of "
     "its host. An app that is not run by node is refused: the signal ends "
     "most "
     "other programs.",
     "fleetctl inspect web.0 --hosts host-1"},
    {"trigger", "", "APP|APP.N ACTION [PARAMETER]", 2, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kOutputFlags | kReplyFlags,
     "Run a custom action of @pm2/io in Node workers",
     "The action is asked for over IPC as PM2 does. What each worker returns "
     "is "
     "printed with its host; one that does not reply in time is an error.",
     "fleetctl trigger web 'clear cache'\n"
     "fleetctl trigger web.0 heap --hosts host-1 --timeout 20s"},
    {"flush", "", "[APP|APP.N…]", 0, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kOutputFlags,
     "Empty the log files of apps, and remove the rotated ones",
     "Without a name, of all apps. What workers write from then on is kept.",
     "fleetctl flush web\nfleetctl flush web.2 --hosts host-1"},
    {"reloadLogs", "reload-logs", "[APP|APP.N…]", 0, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kOutputFlags,
     "Go on in new log files, after yours were renamed",
     "For a logrotate of your own. A renamed file is also noticed by itself, a "
     "second later.",
     "fleetctl reloadLogs web"},
    {"logs", "log", "[APP|APP.N…]", 0, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kLogFlags | kOutputFlags,
     "Show what apps wrote, merged from all hosts",
     "Lines are in the order of time. With -f a line waits a quarter of a "
     "second for those of other hosts. The search is done on the hosts; no "
     "more than what it finds goes over the network.",
     "fleetctl logs web -f                      # follow\n"
     "fleetctl logs web.2 --hosts host-1 --err --lines 100\n"
     "fleetctl logs --since 10m --grep 'timeout|refused' -i\n"
     "fleetctl logs api --since 2024-02-09 --until 2024-02-10 --raw"},
    {"rollback", "", "APP", 1, 1, Operand::kApps,
     kRolloutFlags | kDryRunFlags | kOutputFlags | kRevisionFlags,
     "Bring an app back to a revision that was well",
     "Without --to-revision: to the proven revision if not every host has it, "
     "else to the newest proven one before it. A revision is proven once a "
     "rollout to it has succeeded.",
     "fleetctl rollback web\nfleetctl rollback web --to-revision 3 --dry-run"},
    {"rollout status", "", "[ROLLOUT|APP]", 0, 1, Operand::kRollouts,
     kGlobalFlags | kResumeFlags | kOutputFlags | kWaitFlags,
     "Show a rollout; with --wait, follow it to its end",
     "Without a name, the one that is under way.",
     "fleetctl rollout status web\nfleetctl rollout status r-4f2k9x1c --wait"},
    {"rollout watch", "", "[ROLLOUT|APP]", 0, 1, Operand::kRollouts,
     kGlobalFlags | kResumeFlags | kOutputFlags | kWaitFlags,
     "Follow a rollout to its end; with -o json, an event a line",
     "Without a name, the one that is under way. A lost controller is waited "
     "for, and no event comes twice; --from goes on after an event that was "
     "seen before.",
     "fleetctl rollout watch web\nfleetctl rollout watch web -o json\n"
     "fleetctl rollout watch r-4f2k9x1c -o json --from 17"},
    {"rollout ls", "rollout list", "[APP]", 0, 1, Operand::kApps,
     kGlobalFlags | kOutputFlags | kRolloutListFlags,
     "List the rollouts, newest first", "", "fleetctl rollout ls web"},
    {"rollout history", "", "[APP]", 0, 1, Operand::kApps,
     kGlobalFlags | kOutputFlags | kRolloutListFlags,
     "List the rollouts of an app, newest first", "",
     "fleetctl rollout history web"},
    {"rollout promote", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kEtagFlags | kWaitFlags | kOutputFlags | kPromoteFlags,
     "Let the next wave start",
     "For a rollout with `promote: manual` whose first wave is well, or whose "
     "metric gate has no answer.",
     "fleetctl rollout promote web\nfleetctl rollout promote web --now"},
    {"rollout undo", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kEtagFlags | kReasonFlags | kWaitFlags | kOutputFlags |
         kRequestFlags | kPolicyFlags | kDryRunFlags,
     "Turn a rollout back",
     "One under way rolls back now: hosts that were touched get the proven "
     "revision, the others are left alone. After one that has ended, another "
     "rollout brings its hosts to the revision they had before; the policy's "
     "flags are for that one.",
     "fleetctl rollout undo web --dry-run       # which hosts would go back\n"
     "fleetctl rollout undo web"},
    {"rollout diff", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kOutputFlags,
     "Show what a rollout changes in the app's spec", "",
     "fleetctl rollout diff web"},
    {"cordon", "", "HOST", 1, 1, Operand::kNone, kGlobalFlags | kReasonFlags,
     "Keep rollouts and new apps away from a host; what runs goes on", "",
     "fleetctl cordon host-3 --reason 'disk is failing'"},
    {"drain", "", "HOST", 1, 1, Operand::kNone, kGlobalFlags | kReasonFlags,
     "Cordon a host and stop its workers, in the way of their apps",
     "The controller remembers it: also a host that is away, or boots, starts "
     "nothing until it is uncordoned.",
     "fleetctl drain host-3 --reason 'new kernel'"},
    {"uncordon", "", "HOST", 1, 1, Operand::kNone, kGlobalFlags,
     "Lift cordon and drain; the host gets what it has missed", "",
     "fleetctl uncordon host-3"},
    {"rollout pause", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kEtagFlags | kReasonFlags | kOutputFlags,
     "Take no further host; hosts in work are finished", "",
     "fleetctl rollout pause web --reason 'lunch'"},
    {"rollout resume", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kEtagFlags | kWaitFlags | kOutputFlags,
     "Go on after a pause; hosts that failed stay failed", "",
     "fleetctl rollout resume web"},
    {"rollout abort", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kEtagFlags | kReasonFlags | kOutputFlags,
     "End a rollout; hosts stay at what they run", "",
     "fleetctl rollout abort web"},
    {"rollout retry", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kEtagFlags | kWaitFlags | kOutputFlags,
     "Try the failed hosts again and go on", "", "fleetctl rollout retry web"},
    {"attach", "", "APP|APP.N", 1, 1, Operand::kApps, kGlobalFlags | kHostFlags,
     "Show what workers write, and give them what is typed",
     "Each line goes to the workers as send does it. Ctrl-C or the end of the "
     "input detaches; the workers go on.",
     "fleetctl attach web.0 --hosts host-1"},
    {"serve", "expose", "[PATH] [PORT]", 0, 2, Operand::kFiles,
     kRolloutFlags | kDryRunFlags | kSpecFlags | kOutputFlags,
     "Serve the files of a folder over HTTP",
     "Starts Python's own file server (python3 -m http.server, port 8080 "
     "unless given) as an app; each host serves its own folder of that path.",
     "fleetctl serve ./public 8080"},
    {"startup", "", "[agent|controller]", 0, 1, Operand::kUnits,
     kGlobalFlags | kDryRunFlags,
     "Start at boot: install and enable the systemd unit",
     "Without a word: this user's fleet on this machine (fleetctl up). agent "
     "and controller are installed by root; an agent's --controller goes to "
     "/etc/fleet/agent.env. Twice does no harm.",
     "fleetctl startup\n"
     "sudo fleetctl startup agent --controller ADDRESS\n"
     "fleetctl startup controller --dry-run     # print what it would do"},
    {"unstartup", "", "[agent|controller]", 0, 1, Operand::kUnits,
     kGlobalFlags | kDryRunFlags, "Take startup back",
     "Stops and disables the unit and removes its file; state and settings "
     "stay.",
     "fleetctl unstartup"},
    {"up", "", "", 0, 0, Operand::kNone, kGlobalFlags,
     "Start this user's fleet on this machine", "", "fleetctl up"},
    {"down", "kill", "", 0, 0, Operand::kNone, kGlobalFlags,
     "Stop this user's fleet on this machine, with all its workers", "",
     "fleetctl down"},
    {"ping", "", "", 0, 0, Operand::kNone, kGlobalFlags | kOutputFlags,
     "Ask the controller whether it is there", "", "fleetctl ping"},
    {"save", "dump", "", 0, -1, Operand::kNone, kGlobalFlags,
     "Nothing to save: what is started stays",
     "Nothing to save: what you start is kept by the controller and by every "
     "agent, and is there again after a reboot. fleetctl export writes it as "
     "a file.",
     "fleetctl export > fleet.yaml"},
    {"resurrect", "", "", 0, -1, Operand::kNone, kGlobalFlags,
     "Nothing to resurrect: agents bring everything up",
     "Nothing to resurrect: each agent starts what its host should run by "
     "itself, also with no controller in reach.",
     "fleetctl ls"},
    {"cleardump", "", "", 0, -1, Operand::kNone, kGlobalFlags,
     "Nothing to clear: there is no dump",
     "Nothing to clear: there is no dump. fleetctl delete all forgets all "
     "apps.",
     "fleetctl delete all"},
    {"update", "updatePM2 deepUpdate", "", 0, -1, Operand::kNone, kGlobalFlags,
     "Nothing to do here: restart controller and agents",
     "Nothing to do here: install the new version, then restart controller "
     "and agents; workers go on meanwhile.",
     "fleetctl version"},
    {"set", "get conf config multiset unset", "", 0, -1, Operand::kNone,
     kGlobalFlags, "Where settings live",
     "Settings live where they are used: of an app in its file (fleetctl "
     "explain FIELD), of the programs in their flags (fleet-agent --help, "
     "fleet-controller --help), of fleetctl in FLEET_CONTROLLER.",
     "fleetctl explain instances"},
    {"install",
     "uninstall module:install module:uninstall module:update "
     "module:generate module:publish package publish autoinstall logrotate "
     "install-otel uninstall-otel",
     "", 0, -1, Operand::kNone, kGlobalFlags, "There are no modules",
     "There are no modules. Log rotation (log_max_size, log_max_files) and "
     "health checks (readiness, liveness) are built in; fleetctl explain "
     "FIELD tells more.",
     "fleetctl explain log_max_size"},
    {"link", "unlink plus register open monitor unmonitor", "", 0, -1,
     Operand::kNone, kGlobalFlags, "There is no service to link to",
     "There is no service to link to: metrics, logs and events are to be had "
     "from your own controller.",
     "fleetctl logs web -f"},
    {"profile:cpu", "profile:mem heapdump", "", 0, -1, Operand::kNone,
     kGlobalFlags, "Profiles are taken with Node's inspector",
     "Profiles are taken with Node's own inspector: fleetctl inspect APP.N "
     "opens it, and Chrome's DevTools take profiles and heap snapshots there.",
     "fleetctl inspect web.0"},
    {"deploy", "pull forward backward", "", 0, -1, Operand::kNone, kGlobalFlags,
     "Code is brought to hosts by a rollout",
     "Code is brought to hosts by a rollout: with `deploy` in the file, "
     "fleetctl reload FILE --env NAME fetches its `ref` on each host before "
     "the workers there are replaced, and another `ref` goes forward or back; "
     "fleetctl rollback APP goes back to the revision before.",
     "fleetctl reload ecosystem.config.js --env production"},
    {"slist", "sysinfos", "", 0, -1, Operand::kNone, kGlobalFlags,
     "For scripts there are hosts and ls with -o json",
     "For scripts there are fleetctl hosts -o json and fleetctl ls -o json.",
     "fleetctl hosts -o json"},
    {"examples", "", "", 0, -1, Operand::kNone, kGlobalFlags,
     "Each command's --help ends with examples",
     "Each command's --help ends with examples: fleetctl start --help.",
     "fleetctl start --help"},
    {"login", "", "ADDRESS", 1, 1, Operand::kNone, kGlobalFlags | kLoginFlags,
     "Log in to a controller with a token or a certificate",
     "It is kept in ~/.config/fleet (mode 0600) and used from then on. A token "
     "carries the pin of the fleet's certificate authority: nothing is sent to "
     "a controller that cannot show it. For an OIDC token the pin is given "
     "beside it. A CI job needs no login: FLEET_CONTROLLER, FLEET_TOKEN and, "
     "for an OIDC token, FLEET_CA_PIN in its environment will do.",
     "fleetctl login fleet.example.org:7400 < token\n"
     "fleetctl login 10.0.0.5:7400 --name production\n"
     "fleetctl login 10.0.0.5:7400 --cert anna.pem --key anna.key\n"
     "fleetctl login 10.0.0.5:7400 --oidc-token-file /run/ci/token --ca-pin "
     "PIN"},
    {"logout", "", "[CONTEXT]", 0, 1, Operand::kNone, kGlobalFlags,
     "Forget a context and its token", "", "fleetctl logout production"},
    {"whoami", "", "", 0, 0, Operand::kNone, kGlobalFlags | kOutputFlags,
     "Show who you are to the controller, and what you may do", "",
     "fleetctl whoami"},
    {"context ls", "context list", "", 0, 0, Operand::kNone, kGlobalFlags,
     "List the fleets that you have logged in to", "", "fleetctl context ls"},
    {"context use", "", "CONTEXT", 1, 1, Operand::kNone, kGlobalFlags,
     "Talk to this fleet from now on", "", "fleetctl context use staging"},
    {"token create", "", "NAME | --join HOST", 0, 1, Operand::kNone,
     kGlobalFlags | kOutputFlags | kHostFlags | kTokenFlags | kGrantFlags,
     "Make a token for a person, a CI job or a new host",
     "It is printed once, on standard output, and kept nowhere. The roles: "
     "viewer reads; operator also reloads, restarts, scales, stops and starts; "
     "deployer also applies, rolls back and deletes; admin does everything.",
     "fleetctl token create anna --role admin\n"
     "fleetctl token create ci-web --role deployer --apps 'web*' \\\n"
     "  --hosts role=web --ttl 1h\n"
     "fleetctl token create --join host-7 --label role=web"},
    {"token ls", "token list", "", 0, 0, Operand::kNone,
     kGlobalFlags | kOutputFlags | kEndedFlags, "List the tokens", "",
     "fleetctl token ls --all"},
    {"token revoke", "token rm", "ID|NAME|ISSUER:SUBJECT", 1, 1, Operand::kNone,
     kGlobalFlags | kRevokeFlags, "End a token now",
     "A name ends all tokens and certificates of that name; what is open with "
     "them is cut within a second. OIDC tokens of a CI system are named as the "
     "audit log names them, with * for anything: those that have been issued "
     "until now are good no more.",
     "fleetctl token revoke ci-web\n"
     "fleetctl token revoke 'github:repo:acme/web:*'\n"
     "fleetctl token revoke 'github:*' --jti 8a3f"},
    {"user cert", "", "NAME", 1, 1, Operand::kNone,
     kGlobalFlags | kHostFlags | kGrantFlags | kUserFlags,
     "Make a certificate for a person, in place of a token",
     "Writes NAME.key (mode 0600) and NAME.pem into the current folder. With "
     "--csr the key stays with whoever made the request, and the certificate "
     "is printed. Roles and limits are those of tokens.",
     "fleetctl user cert anna --role operator --apps 'web*'\n"
     "fleetctl user cert anna --role admin --csr anna.csr > anna.pem"},
    {"user request", "", "NAME", 1, 1, Operand::kNone, kGlobalFlags,
     "Make a key and print a request for a certificate",
     "The key is written to NAME.key (mode 0600) and stays on this machine; "
     "the request goes to an admin (fleetctl user cert NAME --csr FILE).",
     "fleetctl user request anna > anna.csr"},
    {"user ls", "user list", "", 0, 0, Operand::kNone,
     kGlobalFlags | kOutputFlags | kEndedFlags,
     "List the certificates of users", "", "fleetctl user ls --all"},
    {"user revoke", "user rm", "ID|NAME", 1, 1, Operand::kNone, kGlobalFlags,
     "End a user's certificates now",
     "Ends all tokens and certificates of the name; what is open with them is "
     "cut within a second.",
     "fleetctl user revoke anna"},
    {"hosts revoke", "", "HOST", 1, 1, Operand::kHosts, kGlobalFlags,
     "Cut a host off and keep it out",
     "Its certificates are worth nothing from now on. Its workers go on at "
     "what it last accepted.",
     "fleetctl hosts revoke host-7"},
    {"secret set", "", "NAME", 1, 1, Operand::kNone, kGlobalFlags,
     "Set a secret to what is on standard input",
     "Specs name it: env: {DB_PASSWORD: {secret: db-password}}. No command "
     "shows the value again. A new value takes effect with the next reload.",
     "fleetctl secret set db-password < password.txt"},
    {"secret ls", "secret list", "", 0, 0, Operand::kNone,
     kGlobalFlags | kOutputFlags, "List the secrets, without their values", "",
     "fleetctl secret ls"},
    {"secret rm", "secret delete", "NAME", 1, 1, Operand::kNone, kGlobalFlags,
     "Delete a secret that no spec names", "",
     "fleetctl secret rm db-password"},
    {"audit", "", "", 0, 0, Operand::kNone,
     kGlobalFlags | kOutputFlags | kAuditFlags,
     "Show who changed what, from where, and how it ended",
     "Every record carries a hash over itself and the one before it; --verify "
     "walks the chain.",
     "fleetctl audit --since 24h\nfleetctl audit --actor ci-web -o json\n"
     "fleetctl audit --verify"},
    {"version", "", "", 0, 0, Operand::kNone, kGlobalFlags | kOutputFlags,
     "Show the versions of fleetctl and of the controller", "",
     "fleetctl version"},
    {"completion", "", "bash|zsh|fish", 1, 1, Operand::kShells, kGlobalFlags,
     "Print completions for a shell", "",
     "source <(fleetctl completion bash)\n"
     "fleetctl completion fish > ~/.config/fish/completions/fleetctl.fish"},
};

}  // namespace

std::span<const CommandDoc> Commands() { return kCommands; }

const CommandDoc* FindCommand(std::string_view name) {
  if (name.empty()) return nullptr;
  for (const CommandDoc& command : kCommands) {
    if (command.name == name) return &command;
    // Aliases of one word, or "rollout list" as a whole.
    if (command.aliases == name) return &command;
    for (const absl::string_view alias :
         absl::StrSplit(ToAbsl(command.aliases), ' ', absl::SkipEmpty())) {
      const bool one_word = command.name.find(' ') == command.name.npos;
      if (one_word && ToStd(alias) == name) return &command;
    }
  }
  return nullptr;
}

}  // namespace fleet::cli
