#include "cli/command_table.h"

#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr unsigned kRolloutFlags =
    kGlobalFlags | kHostFlags | kWaitFlags | kPolicyFlags | kRequestFlags;

constexpr CommandDoc kCommands[] = {
    {"apply", "startOrReload startOrRestart", "FILE", 1, 1, Operand::kFiles,
     kRolloutFlags | kDryRunFlags | kFileFlags | kOutputFlags | kConfirmFlags |
         kPruneFlags,
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
    {"ecosystem", "init", "[FILE]", 0, 1, Operand::kFiles, kGlobalFlags,
     "Write a commented sample file",
     "FILE is fleet.yaml unless named; PM2's form for ecosystem.config.js.",
     "fleetctl ecosystem\nfleetctl ecosystem ecosystem.config.js"},
    {"schema", "", "", 0, 0, Operand::kNone, kGlobalFlags,
     "Print the JSON Schema of native files, for editors", "",
     "fleetctl schema > fleet.schema.json"},
    {"start", "", "FILE|SCRIPT|APP [-- ARGUMENT…]", 1, 1, Operand::kFiles,
     kRolloutFlags | kDryRunFlags | kFileFlags | kSpecFlags | kOutputFlags |
         kConfirmFlags,
     "Start a script, the apps of a file, or an app that was stopped",
     "With nothing configured, a fleet on this machine is started for you.",
     "fleetctl start app.js -i 4 --name web     # four workers of a script\n"
     "fleetctl start ecosystem.config.js        # as PM2 does\n"
     "fleetctl start app.py -- --port 8000      # with arguments\n"
     "fleetctl start web                        # again, after stop"},
    {"ls", "list status ps l", "[APP…]", 0, -1, Operand::kApps,
     kGlobalFlags | kOutputFlags, "List the apps, or the workers of some",
     "Shows what the hosts have reported. A host that is not connected is "
     "marked stale.",
     "fleetctl ls                               # a row per app\n"
     "fleetctl ls web                           # a row per worker of web\n"
     "fleetctl ls -o wide                       # a row per worker of all"},
    {"show", "describe info desc", "APP", 1, 1, Operand::kApps,
     kGlobalFlags | kOutputFlags, "Show all there is to know of an app", "",
     "fleetctl show web\nfleetctl show web -o json"},
    {"hosts", "", "[HOST…]", 0, -1, Operand::kNone,
     kGlobalFlags | kOutputFlags | kHostFlags, "List the hosts", "",
     "fleetctl hosts\nfleetctl hosts --hosts role=web -o wide"},
    {"reload", "gracefulReload", "APP…", 1, -1, Operand::kApps,
     kRolloutFlags | kDryRunFlags | kOutputFlags,
     "Replace the workers of an app without losing a request",
     "New workers are ready before old ones are stopped, host by host. A "
     "failure pauses the rollout; the old workers serve on.",
     "fleetctl reload web --hosts all\n"
     "fleetctl reload web --hosts zone=a --max-parallel 25%\n"
     "fleetctl reload 'api-*' --no-wait"},
    {"restart", "", "APP…", 1, -1, Operand::kApps,
     kRolloutFlags | kDryRunFlags | kOutputFlags,
     "Stop and start the workers of an app, host by host",
     "Each worker is stopped before its successor starts. Reload loses "
     "nothing; restart is for programs that cannot run twice.",
     "fleetctl restart worker"},
    {"stop", "", "APP…", 1, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kWaitFlags | kRequestFlags,
     "Stop the workers of an app and keep the app", "",
     "fleetctl stop web\nfleetctl stop all --hosts host-2"},
    {"delete", "del", "APP…", 1, -1, Operand::kApps,
     kGlobalFlags | kWaitFlags | kRequestFlags,
     "Stop an app and forget it; its log files stay", "",
     "fleetctl delete web"},
    {"scale", "", "APP N|+N|-N", 2, 2, Operand::kApps,
     kGlobalFlags | kHostFlags | kWaitFlags | kRequestFlags,
     "Set the number of workers on each host",
     "Workers that go on are not touched.",
     "fleetctl scale web 8\nfleetctl scale web +2"},
    {"logs", "log", "[APP|APP.N…]", 0, -1, Operand::kApps,
     kGlobalFlags | kHostFlags | kLogFlags | kOutputFlags,
     "Show what apps wrote, merged from all hosts", "",
     "fleetctl logs web -f                      # follow\n"
     "fleetctl logs web.2 --hosts host-1 --err --lines 100"},
    {"rollout status", "", "[ROLLOUT|APP]", 0, 1, Operand::kRollouts,
     kGlobalFlags | kOutputFlags | kWaitFlags,
     "Show a rollout; with --wait, follow it to its end",
     "Without a name, the one that is under way.",
     "fleetctl rollout status web\nfleetctl rollout status r-4f2k9x1c --wait"},
    {"rollout ls", "rollout list", "[APP]", 0, 1, Operand::kApps,
     kGlobalFlags | kOutputFlags | kRolloutListFlags,
     "List the rollouts, newest first", "", "fleetctl rollout ls web"},
    {"rollout pause", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kReasonFlags | kOutputFlags,
     "Take no further host; hosts in work are finished", "",
     "fleetctl rollout pause web --reason 'lunch'"},
    {"rollout resume", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kWaitFlags | kOutputFlags,
     "Go on after a pause; hosts that failed stay failed", "",
     "fleetctl rollout resume web"},
    {"rollout abort", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kReasonFlags | kOutputFlags,
     "End a rollout; hosts stay at what they run", "",
     "fleetctl rollout abort web"},
    {"rollout retry", "", "ROLLOUT|APP", 1, 1, Operand::kRollouts,
     kGlobalFlags | kWaitFlags | kOutputFlags,
     "Try the failed hosts again and go on", "", "fleetctl rollout retry web"},
    {"up", "", "", 0, 0, Operand::kNone, kGlobalFlags,
     "Start this user's fleet on this machine", "", "fleetctl up"},
    {"down", "kill", "", 0, 0, Operand::kNone, kGlobalFlags,
     "Stop this user's fleet on this machine, with all its workers", "",
     "fleetctl down"},
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
