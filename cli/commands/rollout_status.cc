#include <optional>

#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/commands/follow_rollouts.h"
#include "cli/render/age.h"
#include "cli/rollout/rollout_board.h"
#include "cli/rollout/rollout_report.h"
#include "cli/rollout/rollout_words.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"
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

const char* VerdictWord(v1::GateVerdict verdict) {
  if (verdict == v1::GATE_VERDICT_PASS) return "passes, ";
  if (verdict == v1::GATE_VERDICT_FAIL) return "fails, ";
  return "";
}

void PrintGates(const CommandContext& context, const v1::Rollout& rollout,
                absl::Time now) {
  for (const v1::GateStatus& gate : rollout.gates()) {
    context.out << "  gate " << Printable(gate.gate()) << ": ";
    if (gate.answer().empty()) {
      context.out << "not looked at yet\n";
      continue;
    }
    context.out << VerdictWord(gate.verdict()) << Printable(gate.answer());
    if (gate.has_since()) {
      context.out << ", for " << AgeText(true, gate.since(), now);
    }
    context.out << "\n";
  }
}

// Each reason why nobody is admitted, with its age; what else there is to say.
void PrintHolds(const CommandContext& context, const v1::Rollout& rollout,
                absl::Time now) {
  // How many are done was said above.
  const std::string message = TellingMessage(rollout);
  bool told = message.empty();
  for (const v1::Hold& hold : rollout.holds()) {
    context.out << "  held for " << AgeText(hold.has_since(), hold.since(), now)
                << ": " << Printable(hold.reason()) << "\n";
    told = told || hold.reason() == rollout.message();
  }
  if (!told) context.out << "  " << message << "\n";
}

void PrintTimes(const CommandContext& context, const v1::Rollout& rollout) {
  if (rollout.has_end_time()) return;
  if (rollout.has_bake_remaining()) {
    const absl::Duration left = FromProto(rollout.bake_remaining());
    if (left > absl::ZeroDuration()) {
      context.out << "  its wave bakes for another " << HumanDuration(left)
                  << "\n";
    }
  }
  if (rollout.has_estimate()) {
    context.out << "  about " << HumanDuration(FromProto(rollout.estimate()))
                << " left, by what its past rollouts took\n";
  }
}

void PrintRollout(const CommandContext& context, const v1::Rollout& rollout) {
  const absl::Time now = context.clock.WallNow();
  TerminalSize size;
  size.height = 1000000;
  size.width = context.terminal ? context.terminal().width : 1000;
  for (const std::string& line :
       RolloutBoard(rollout, size, now, context.out_style, false)) {
    context.out << line << "\n";
  }
  PrintGates(context, rollout, now);
  for (const v1::HookRun& hook : rollout.hooks()) {
    if (hook.host().empty()) continue;
    context.out << "  " << hook.name() << " on " << hook.host() << ": "
                << (hook.phase() == v1::HOOK_PHASE_DONE     ? "done"
                    : hook.phase() == v1::HOOK_PHASE_FAILED ? "failed"
                                                            : "running")
                << (hook.reason().empty() ? "" : ", ")
                << Printable(hook.reason()) << "\n";
  }
  const Verdict verdict = VerdictOf(rollout, now);
  if (verdict == Verdict::kGoing || verdict == Verdict::kSucceeded) {
    PrintTimes(context, rollout);
    PrintHolds(context, rollout, now);
  } else {
    const std::optional<v1::App> app = AppNow(context, rollout);
    context.out << "\n"
                << RolloutReport(rollout, verdict,
                                 app.has_value() ? &*app : nullptr, now,
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
