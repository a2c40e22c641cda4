#include "node_agent/target_proto.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "node_agent/target_secrets.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

StepPolicy FromProto(const v1::StepPolicy& step, const AppSpec& spec) {
  StepPolicy policy;
  policy.strategy = fleet::FromProto(step.strategy());
  if (step.has_min_ready_time()) {
    policy.min_ready_time = fleet::FromProto(step.min_ready_time());
  }
  policy.ready_deadline = step.has_ready_deadline()
                              ? fleet::FromProto(step.ready_deadline())
                              : spec.readiness.timeout;
  policy.max_flaps = step.max_flaps();
  policy.keep_matching = step.keep_matching();
  policy.pre_reload = fleet::FromProto(step.pre_reload());
  policy.post_reload = fleet::FromProto(step.post_reload());
  policy.rollout = step.rollout();
  return policy;
}

// What keeps the spec from being carried out; empty: nothing.
std::string Complete(const v1::AppTarget& from, const SealingKey* key,
                     AppSpec& spec) {
  absl::Status valid = ValidateAppSpec(spec);
  absl::Status revealed = RevealSecrets(from, key, spec);
  if (!valid.ok()) {
    return absl::StrCat("the spec is not valid: ", valid.message());
  }
  return std::string(ToStd(revealed.message()));
}

HookOrder OnceHookOf(const v1::AppTarget& from, const SealingKey* key) {
  const v1::OnceHook& hook = from.once_hook();
  HookOrder order;
  if (hook.id().empty()) return order;
  auto spec = std::make_shared<AppSpec>(fleet::FromProto(hook.spec()));
  order.id = hook.id();
  order.name = hook.name();
  order.hook = fleet::FromProto(hook.hook());
  order.generation = from.generation();
  order.revision = hook.revision();
  order.rollout = hook.rollout();
  order.spec_error = Complete(from, key, *spec);
  order.spec = std::move(spec);
  return order;
}

}  // namespace

AppTarget FromProto(const v1::AppTarget& from, int cores,
                    const SealingKey* key) {
  AppTarget target;
  target.app = from.app();
  target.app_uid = from.app_uid();
  target.serial = from.serial();
  target.generation = from.generation();
  target.revision = from.revision();
  target.stopped = from.run_state() == v1::RUN_STATE_STOPPED;
  target.removed = from.removed();
  target.instances = ResolveInstances(from.instances(), cores);
  target.start_nonce = from.start_nonce();
  for (const auto& [slot, order] : from.slot_orders()) {
    target.slot_orders[slot] = {order.stopped(), order.start_nonce()};
  }
  target.once_hook = OnceHookOf(from, key);
  // Nothing of it is to run yet but the hook.
  if (target.generation == 0) return target;
  auto spec = std::make_shared<AppSpec>(fleet::FromProto(from.spec()));
  target.step = FromProto(from.step(), *spec);
  target.spec_error = Complete(from, key, *spec);
  target.spec = std::move(spec);
  return target;
}

}  // namespace fleet::agent
