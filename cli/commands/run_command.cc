#include <array>
#include <string_view>

#include "cli/commands/commands.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

struct Runner {
  std::string_view name;
  ExitCode (*run)(const CommandContext&);
};

constexpr std::array<Runner, 27> kRunners = {{
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
    {"reload", RunReload},
    {"restart", RunRestart},
    {"stop", RunStop},
    {"delete", RunDelete},
    {"scale", RunScale},
    {"logs", RunLogs},
    {"rollout status", RunRolloutStatus},
    {"rollout ls", RunRolloutLs},
    {"rollout pause", RunRolloutPause},
    {"rollout resume", RunRolloutResume},
    {"rollout abort", RunRolloutAbort},
    {"rollout retry", RunRolloutRetry},
    {"up", RunUp},
    {"down", RunDown},
    {"version", RunVersion},
    {"completion", RunCompletion},
}};

}  // namespace

ExitCode RunCommand(const CommandContext& context) {
  for (const Runner& runner : kRunners) {
    if (runner.name == context.line.command) return runner.run(context);
  }
  CheckFailed(__FILE__, __LINE__, "the command table and this one agree");
}

}  // namespace fleet::cli
