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
  return policy;
}

}  // namespace

AppTarget FromProto(const v1::AppTarget& from, int cores,
                    const SealingKey* key) {
  auto spec = std::make_shared<AppSpec>(fleet::FromProto(from.spec()));
  AppTarget target;
  target.app = from.app();
  target.app_uid = from.app_uid();
  target.serial = from.serial();
  target.generation = from.generation();
  target.revision = from.revision();
  target.stopped = from.run_state() == v1::RUN_STATE_STOPPED;
  target.removed = from.removed();
  target.instances = ResolveInstances(from.instances(), cores);
  target.step = FromProto(from.step(), *spec);
  target.start_nonce = from.start_nonce();
  absl::Status valid = ValidateAppSpec(*spec);
  if (!valid.ok()) {
    target.spec_error =
        absl::StrCat("the spec is not valid: ", valid.message());
  }
  absl::Status revealed = RevealSecrets(from, key, *spec);
  if (valid.ok() && !revealed.ok()) {
    target.spec_error = std::string(ToStd(revealed.message()));
  }
  target.spec = std::move(spec);
  return target;
}

}  // namespace fleet::agent
