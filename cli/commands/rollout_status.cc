#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/commands/follow_rollouts.h"
#include "cli/rollout/rollout_board.h"
#include "cli/rollout/rollout_report.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// The only rollout that is under way.
absl::StatusOr<std::string> ActiveRollout(FleetClient& client) {
  v1::ListRolloutsRequest request;
  request.set_active_only(true);
  ASSIGN_OR_RETURN(const auto response, client.Call(request));
  if (response.rollouts_size() == 1) return response.rollouts(0).uid();
  return absl::NotFoundError(
      response.rollouts_size() == 0
          ? "no rollout is under way; fleetctl rollout ls shows past ones"
          : "several rollouts are under way, name one: fleetctl rollout ls "
            "--active");
}

void PrintRollout(const CommandContext& context, const v1::Rollout& rollout) {
  const absl::Time now = context.clock.WallNow();
  TerminalSize size;
  size.height = 1000000;
  size.width = context.terminal ? context.terminal().width : 1000;
  for (const std::string& line :
       RolloutBoard(rollout, size, now, context.out_style)) {
    context.out << line << "\n";
  }
  for (const v1::GateStatus& gate : rollout.gates()) {
    context.out << "  gate " << Printable(gate.gate()) << ": "
                << (gate.answer().empty() ? "not looked at yet"
                                          : Printable(gate.answer()))
                << "\n";
  }
  for (const v1::HookRun& hook : rollout.hooks()) {
    if (hook.host().empty()) continue;
    context.out << "  " << hook.name() << " on " << hook.host() << ": "
                << (hook.phase() == v1::HOOK_PHASE_DONE     ? "done"
                    : hook.phase() == v1::HOOK_PHASE_FAILED ? "failed"
                                                            : "running")
                << (hook.reason().empty() ? "" : ", ")
                << Printable(hook.reason()) << "\n";
  }
  if (VerdictOf(rollout, now) != Verdict::kFailed) {
    if (!rollout.message().empty()) {
      context.out << "  " << Printable(rollout.message()) << "\n";
    }
  } else {
    context.out << "\n"
                << RolloutReport(rollout, Verdict::kFailed, nullptr, now,
                                 context.out_style);
  }
  context.out << std::flush;
}

}  // namespace

ExitCode RunRolloutWatch(const CommandContext& context) {
  std::string name;
  if (context.line.names.empty()) {
    const auto active = ActiveRollout(context.client);
    if (!active.ok()) return Fail(context, active.status());
    name = *active;
  } else {
    v1::GetRolloutRequest request;
    request.set_name(context.line.names[0]);
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
    name = response->rollout().uid();
  }
  return FollowRollouts(context, {name});
}

ExitCode RunRolloutStatus(const CommandContext& context) {
  v1::GetRolloutRequest request;
  if (context.line.names.empty()) {
    const auto active = ActiveRollout(context.client);
    if (!active.ok()) return Fail(context, active.status());
    request.set_name(*active);
  } else {
    request.set_name(context.line.names[0]);
  }
  const auto response = context.client.Call(request);
  if (!response.ok()) return Fail(context, response.status());
  const v1::Rollout& rollout = response->rollout();
  if (context.line.wait) return FollowRollouts(context, {rollout.uid()});
  if (PrintMessage(context, rollout)) return ExitCode::kSuccess;
  if (context.line.output == OutputFormat::kName) {
    context.out << rollout.uid() << "\n";
  } else {
    PrintRollout(context, rollout);
  }
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
