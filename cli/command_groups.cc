#include "cli/command_groups.h"

#include <set>
#include <utility>

#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

struct GroupRow {
  std::string_view title;
  // With commas between.
  std::string_view commands;
};

// What is in none of them stands under "more".
constexpr GroupRow kGroups[] = {
    {"apps", "start,apply,reload,restart,stop,scale,delete,serve"},
    {"files", "validate,diff,export,explain,ecosystem,schema"},
    {"look", "ls,show,logs,flush,reloadLogs,monit,env,id,pid,jlist,prettylist"},
    {"rollouts",
     "rollout status,rollout watch,rollout ls,rollout history,rollout "
     "diff,rollout promote,rollout pause,rollout resume,rollout retry,rollout "
     "abort,rollout undo,rollback"},
    {"workers", "signal,send,attach,reset,inspect,trigger"},
    {"hosts",
     "hosts,hosts label,hosts remove,hosts revoke,cordon,drain,uncordon,doctor,"
     "ping"},
    {"access",
     "login,logout,whoami,context ls,context use,token create,token ls,token "
     "revoke,user cert,user request,user ls,user revoke,secret set,secret "
     "ls,secret rm,audit"},
    {"this machine", "up,down,startup,unstartup,version,completion"},
    {"PM2's words that need no doing here",
     "save,resurrect,cleardump,update,set,install,link,profile:cpu,deploy,"
     "slist,examples"},
};

constexpr VariableDoc kVariables[] = {
    {"FLEET_CONTROLLER", "The controller to talk to, as --controller"},
    {"FLEET_CONTEXT", "The fleet to talk to, as --context"},
    {"FLEET_TOKEN", "The token to show it"},
    {"FLEET_TOKEN_FILE", "A file with the token, as --token-file"},
    {"FLEET_CERT", "A file with your certificate, in place of a token"},
    {"FLEET_KEY", "A file with its key"},
    {"FLEET_CA_PIN", "SHA-256 of the fleet's authority, for an OIDC token"},
    {"FLEET_CA", "A file with that authority, in place of the pin"},
    {"NO_COLOR", "No colours when it is set, as --no-color"},
};

}  // namespace

std::span<const VariableDoc> Variables() { return kVariables; }

std::vector<CommandGroup> CommandGroups() {
  std::vector<CommandGroup> groups;
  std::set<std::string_view> listed;
  for (const GroupRow& row : kGroups) {
    CommandGroup group{row.title, {}};
    for (const absl::string_view name :
         absl::StrSplit(ToAbsl(row.commands), ',')) {
      const CommandDoc* command = FindCommand(ToStd(name));
      if (command == nullptr) continue;
      group.commands.push_back(command);
      listed.insert(command->name);
    }
    groups.push_back(std::move(group));
  }
  CommandGroup others{"more", {}};
  for (const CommandDoc& command : Commands()) {
    if (!listed.contains(command.name)) others.commands.push_back(&command);
  }
  if (!others.commands.empty()) groups.push_back(std::move(others));
  return groups;
}

}  // namespace fleet::cli
