#include "controller/target_proto.h"

#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/proto_time.h"

namespace fleet::controller {

v1::RunState ToProto(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return v1::RUN_STATE_RUNNING;
    case RunState::kStopped:
      return v1::RUN_STATE_STOPPED;
  }
  return v1::RUN_STATE_UNSPECIFIED;
}

v1::AppTarget ToProto(const HostTarget& target, const Revision* revision) {
  v1::AppTarget message;
  message.set_app(target.app);
  message.set_app_uid(target.app_uid);
  message.set_serial(target.serial);
  message.set_generation(target.generation);
  message.set_revision(target.revision);
  message.set_run_state(ToProto(target.run_state));
  message.set_instances(target.instances);
  message.set_removed(target.removed);
  message.set_start_nonce(target.start_nonce);
  if (revision != nullptr) {
    *message.mutable_spec() = fleet::ToProto(revision->spec);
  }
  v1::StepPolicy& step = *message.mutable_step();
  step.set_strategy(fleet::ToProto(target.step.strategy));
  *step.mutable_min_ready_time() = ToProtoDuration(target.step.min_ready_time);
  *step.mutable_ready_deadline() = ToProtoDuration(target.step.ready_deadline);
  step.set_max_flaps(target.step.max_flaps);
  return message;
}

}  // namespace fleet::controller
