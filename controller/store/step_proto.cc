#include "controller/store/step_proto.h"

#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/proto_time.h"

namespace fleet::controller {

v1::StepPolicy ToProto(const StepPolicy& policy) {
  v1::StepPolicy step;
  step.set_strategy(fleet::ToProto(policy.strategy));
  *step.mutable_min_ready_time() = ToProtoDuration(policy.min_ready_time);
  *step.mutable_ready_deadline() = ToProtoDuration(policy.ready_deadline);
  step.set_max_flaps(policy.max_flaps);
  step.set_keep_matching(policy.keep_matching);
  if (!policy.pre_reload.command.empty()) {
    *step.mutable_pre_reload() = fleet::ToProto(policy.pre_reload);
  }
  if (!policy.post_reload.command.empty()) {
    *step.mutable_post_reload() = fleet::ToProto(policy.post_reload);
  }
  step.set_rollout(policy.rollout);
  return step;
}

StepPolicy FromProto(const v1::StepPolicy& step) {
  StepPolicy policy;
  policy.strategy = fleet::FromProto(step.strategy());
  policy.min_ready_time = fleet::FromProto(step.min_ready_time());
  policy.ready_deadline = fleet::FromProto(step.ready_deadline());
  policy.max_flaps = step.max_flaps();
  policy.keep_matching = step.keep_matching();
  policy.pre_reload = fleet::FromProto(step.pre_reload());
  policy.post_reload = fleet::FromProto(step.post_reload());
  policy.rollout = step.rollout();
  return policy;
}

v1::OnceHook ToProto(const HookOrder& order) {
  v1::OnceHook hook;
  hook.set_id(order.id);
  hook.set_name(order.name);
  *hook.mutable_hook() = fleet::ToProto(order.hook);
  hook.set_revision(order.revision);
  hook.set_rollout(order.rollout);
  return hook;
}

HookOrder FromProto(const std::string& host, const v1::OnceHook& hook) {
  return {host,
          hook.id(),
          hook.name(),
          fleet::FromProto(hook.hook()),
          hook.revision(),
          hook.rollout()};
}

}  // namespace fleet::controller
