#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/commands.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

struct Runner {
  std::string_view name;
  ExitCode (*run)(const CommandContext&);
};

constexpr Runner kRunners[] = {
    {"apply", RunApply},
    {"diff", RunDiff},
    {"validate", RunValidate},
    {"explain", RunExplain},
    {"export", RunExport},
    {"ecosystem", RunEcosystem},
    {"schema", RunSchema},
    {"start", RunStart},
    {"ls", RunLs},
    {"show", RunShow},
    {"hosts", RunHosts},
    {"hosts label", RunHostsLabel},
    {"hosts remove", RunHostsRemove},
    {"jlist", RunJlist},
    {"prettylist", RunPrettylist},
    {"id", RunId},
    {"pid", RunPid},
    {"env", RunEnv},
    {"ping", RunPing},
    {"inspect", RunInspect},
    {"trigger", RunTrigger},
    {"flush", RunFlush},
    {"reloadLogs", RunReloadLogs},
    {"save", RunNothingToDo},
    {"cleardump", RunNothingToDo},
    {"update", RunNothingToDo},
    {"resurrect", RunResurrect},
    {"install", RunNotThere},
    {"set", RunNotThere},
    {"link", RunNotThere},
    {"profile:cpu", RunNotThere},
    {"deploy", RunNotThere},
    {"slist", RunNotThere},
    {"examples", RunNotThere},
    {"doctor", RunDoctor},
    {"monit", RunMonit},
    {"attach", RunAttach},
    {"serve", RunServe},
    {"startup", RunStartup},
    {"unstartup", RunUnstartup},
    {"reload", RunReload},
    {"restart", RunRestart},
    {"stop", RunStop},
    {"delete", RunDelete},
    {"scale", RunScale},
    {"signal", RunSignal},
    {"send", RunSend},
    {"reset", RunReset},
    {"logs", RunLogs},
    {"rollout status", RunRolloutStatus},
    {"rollout ls", RunRolloutLs},
    {"rollout pause", RunRolloutPause},
    {"rollout resume", RunRolloutResume},
    {"rollout abort", RunRolloutAbort},
    {"rollout retry", RunRolloutRetry},
    {"rollback", RunRollback},
    {"rollout watch", RunRolloutWatch},
    {"rollout history", RunRolloutLs},
    {"rollout promote", RunRolloutPromote},
    {"rollout undo", RunRolloutUndo},
    {"rollout diff", RunRolloutDiff},
    {"cordon", RunCordon},
    {"drain", RunDrain},
    {"uncordon", RunUncordon},
    {"up", RunUp},
    {"down", RunDown},
    {"login", RunLogin},
    {"logout", RunLogout},
    {"whoami", RunWhoami},
    {"context ls", RunContextLs},
    {"context use", RunContextUse},
    {"token create", RunTokenCreate},
    {"token ls", RunTokenLs},
    {"token revoke", RunTokenRevoke},
    {"user cert", RunUserCert},
    {"user request", RunUserRequest},
    {"user ls", RunUserLs},
    {"user revoke", RunTokenRevoke},
    {"hosts revoke", RunHostsRevoke},
    {"secret set", RunSecretSet},
    {"secret ls", RunSecretLs},
    {"secret rm", RunSecretRm},
    {"audit", RunAudit},
    {"version", RunVersion},
    {"completion", RunCompletion},
};

}  // namespace

ExitCode RunCommand(const CommandContext& context) {
  const std::vector<std::string>& idle = context.line.without_meaning;
  if (!idle.empty()) {
    Note(context, absl::StrCat(absl::StrJoin(idle, ", "),
                               ": without effect here, of PM2"));
  }
  for (const Runner& runner : kRunners) {
    if (runner.name == context.line.command) return runner.run(context);
  }
  CheckFailed(__FILE__, __LINE__, "the command table and this one agree");
}

}  // namespace fleet::cli
