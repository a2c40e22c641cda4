#include "controller/target_proto.h"

#include "controller/store/step_proto.h"
#include "proto/rpc/app_spec_proto.h"

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

v1::AppTarget ToProto(const HostTarget& target, const Revision* revision,
                      const Revision* hook_revision) {
  v1::AppTarget message;
  message.set_app(target.app);
  message.set_app_uid(target.app_uid);
  message.set_serial(target.serial);
  message.set_generation(target.generation);
  message.set_revision(target.revision);
  message.set_run_state(
      ToProto(target.drained ? RunState::kStopped : target.run_state));
  message.set_instances(target.instances);
  message.set_removed(target.removed);
  message.set_start_nonce(target.start_nonce);
  for (const auto& [slot, order] : target.slot_orders) {
    v1::SlotOrder& proto = (*message.mutable_slot_orders())[slot];
    proto.set_stopped(order.stopped);
    proto.set_start_nonce(order.start_nonce);
  }
  if (revision != nullptr) {
    *message.mutable_spec() = fleet::ToProto(revision->spec);
  }
  *message.mutable_step() = ToProto(target.step);
  if (!target.once_hook.id.empty() && hook_revision != nullptr) {
    *message.mutable_once_hook() = ToProto(target.once_hook);
    *message.mutable_once_hook()->mutable_spec() =
        fleet::ToProto(hook_revision->spec);
  }
  return message;
}

}  // namespace fleet::controller
