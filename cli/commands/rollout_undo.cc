#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/commands/explain_conflict.h"
#include "cli/commands/rollout_orders.h"
#include "cli/rollout/rollout_plan.h"
#include "proto/rpc/app_spec_proto.h"

namespace fleet::cli {
namespace {

// What had ended is undone by another rollout.
bool IsAnother(const v1::Rollout& rollout) {
  return rollout.kind() == v1::ROLLOUT_KIND_ROLLBACK;
}

std::string DoneText(const v1::Rollout& rollout) {
  return IsAnother(rollout)
             ? absl::StrCat("to revision ", rollout.to_revision(),
                            " is under way")
             : "is turned back" + StaysPaused(rollout);
}

}  // namespace

ExitCode RunRolloutUndo(const CommandContext& context) {
  v1::UndoRolloutRequest request;
  request.set_name(context.line.names[0]);
  request.set_reason(context.line.reason);
  request.set_etag(context.line.etag);
  request.set_request_id(context.line.request_id);
  *request.mutable_policy() = ToProto(context.line.policy);
  request.set_supersede(context.line.supersede);
  request.set_validate_only(context.line.dry_run);
  const auto response = context.client.Call(request);
  if (!response.ok()) {
    return Fail(context, ExplainConflict(response.status()));
  }
  const v1::Rollout& rollout = response->rollout();
  if (context.line.dry_run) {
    if (PrintMessage(context, rollout)) return ExitCode::kSuccess;
    context.out << (rollout.uid().empty()
                        ? DryRunText(rollout, context.line.supersede)
                        : UndoPlan(rollout))
                << std::flush;
    return ExitCode::kSuccess;
  }
  if (context.line.wait && IsAnother(rollout)) {
    return FollowRollouts(context, {rollout.uid()});
  }
  if (context.line.wait) {
    return FollowOrdered(context, rollout, Verdict::kRolledBack);
  }
  PrintOrdered(context, rollout, DoneText(rollout));
  PrintNext(context, rollout);
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
