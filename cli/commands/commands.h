// The commands, one file each. They print what the user asked for on
// context.out, all else on context.err, and return the program's exit code.
#ifndef FLEET_CLI_COMMANDS_COMMANDS_H_
#define FLEET_CLI_COMMANDS_COMMANDS_H_

#include "cli/commands/command_context.h"
#include "cli/exit_code.h"

namespace fleet::cli {

ExitCode RunApply(const CommandContext& context);
ExitCode RunDiff(const CommandContext& context);
ExitCode RunValidate(const CommandContext& context);
ExitCode RunExplain(const CommandContext& context);
ExitCode RunExport(const CommandContext& context);
ExitCode RunEcosystem(const CommandContext& context);
ExitCode RunSchema(const CommandContext& context);
ExitCode RunStart(const CommandContext& context);
ExitCode RunLs(const CommandContext& context);
ExitCode RunShow(const CommandContext& context);
ExitCode RunHosts(const CommandContext& context);
ExitCode RunHostsLabel(const CommandContext& context);
ExitCode RunHostsRemove(const CommandContext& context);
ExitCode RunJlist(const CommandContext& context);
ExitCode RunPrettylist(const CommandContext& context);
ExitCode RunId(const CommandContext& context);
ExitCode RunPid(const CommandContext& context);
ExitCode RunEnv(const CommandContext& context);
ExitCode RunPing(const CommandContext& context);
ExitCode RunInspect(const CommandContext& context);
ExitCode RunTrigger(const CommandContext& context);
ExitCode RunFlush(const CommandContext& context);
ExitCode RunReloadLogs(const CommandContext& context);
// Print their command's description: PM2's commands that need no doing here
// (success), and those that are not there (error).
ExitCode RunNothingToDo(const CommandContext& context);
ExitCode RunNotThere(const CommandContext& context);
// Also starts the local fleet, which brings everything up.
ExitCode RunResurrect(const CommandContext& context);
ExitCode RunDoctor(const CommandContext& context);
ExitCode RunMonit(const CommandContext& context);
ExitCode RunAttach(const CommandContext& context);
ExitCode RunServe(const CommandContext& context);
ExitCode RunStartup(const CommandContext& context);
ExitCode RunUnstartup(const CommandContext& context);
ExitCode RunReload(const CommandContext& context);
ExitCode RunRestart(const CommandContext& context);
ExitCode RunStop(const CommandContext& context);
ExitCode RunDelete(const CommandContext& context);
ExitCode RunScale(const CommandContext& context);
ExitCode RunSignal(const CommandContext& context);
ExitCode RunSend(const CommandContext& context);
ExitCode RunReset(const CommandContext& context);
ExitCode RunLogs(const CommandContext& context);
ExitCode RunRolloutStatus(const CommandContext& context);
ExitCode RunRolloutLs(const CommandContext& context);
ExitCode RunRolloutPause(const CommandContext& context);
ExitCode RunRolloutResume(const CommandContext& context);
ExitCode RunRolloutAbort(const CommandContext& context);
ExitCode RunRolloutRetry(const CommandContext& context);
ExitCode RunRolloutPromote(const CommandContext& context);
ExitCode RunRolloutUndo(const CommandContext& context);
ExitCode RunRolloutDiff(const CommandContext& context);
ExitCode RunRolloutWatch(const CommandContext& context);
ExitCode RunRollback(const CommandContext& context);
ExitCode RunCordon(const CommandContext& context);
ExitCode RunDrain(const CommandContext& context);
ExitCode RunUncordon(const CommandContext& context);
ExitCode RunUp(const CommandContext& context);
ExitCode RunDown(const CommandContext& context);
ExitCode RunLogin(const CommandContext& context);
ExitCode RunLogout(const CommandContext& context);
ExitCode RunWhoami(const CommandContext& context);
ExitCode RunContextLs(const CommandContext& context);
ExitCode RunContextUse(const CommandContext& context);
ExitCode RunTokenCreate(const CommandContext& context);
ExitCode RunTokenLs(const CommandContext& context);
ExitCode RunTokenRevoke(const CommandContext& context);
ExitCode RunUserCert(const CommandContext& context);
ExitCode RunUserRequest(const CommandContext& context);
ExitCode RunUserLs(const CommandContext& context);
ExitCode RunHostsRevoke(const CommandContext& context);
ExitCode RunSecretSet(const CommandContext& context);
ExitCode RunSecretLs(const CommandContext& context);
ExitCode RunSecretRm(const CommandContext& context);
ExitCode RunAudit(const CommandContext& context);
ExitCode RunVersion(const CommandContext& context);
ExitCode RunCompletion(const CommandContext& context);

// The one that context.line names.
ExitCode RunCommand(const CommandContext& context);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_COMMANDS_H_
