// What gRPC orders, as the thread sanitizer has to see it. Whoever starts an
// operation gives it a tag; what was done before happens before what is done by
// the thread that gets the tag back. Whatever a server's reactor does happens
// before its OnDone. In between are atomics and queues without locks, in
// libraries that are not instrumented.
//
// These functions are found before those of libgrpc.so and libgrpc++.so, also
// by libgrpc++.so itself.
#include <grpc/grpc.h>
#include <grpcpp/support/server_callback.h>
#include <sanitizer/tsan_interface.h>

#include "third_party/tsan/next_function.h"

using fleet::tsan::NextFunction;

namespace {

grpc_event Got(grpc_event event) {
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // namespace

extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops,
                                      size_t nops, void* tag, void* reserved) {
  static const auto next =
      NextFunction<decltype(&grpc_call_start_batch)>("grpc_call_start_batch");
  __tsan_release(tag);
  return next(call, ops, nops, tag, reserved);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue,
                                      gpr_timespec deadline, void* reserved) {
  static const auto next = NextFunction<decltype(&grpc_completion_queue_next)>(
      "grpc_completion_queue_next");
  return Got(next(queue, deadline, reserved));
}

grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                       gpr_timespec deadline, void* reserved) {
  static const auto next = NextFunction<decltype(&grpc_completion_queue_pluck)>(
      "grpc_completion_queue_pluck");
  return Got(next(queue, tag, deadline, reserved));
}

}  // extern "C"

namespace grpc::internal {

// The counters are inline, and so instrumented, where the reactions are ours.
// The last to count down may be the library.
void ServerCallbackCall::ScheduleOnDone(bool inline_ondone) {
  static const auto next = NextFunction<void (*)(ServerCallbackCall*, bool)>(
      "_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb");
  __tsan_acquire(&callbacks_outstanding_);
  next(this, inline_ondone);
}

void ServerCallbackCall::CallOnCancel(ServerReactor* reactor) {
  static const auto next =
      NextFunction<void (*)(ServerCallbackCall*, ServerReactor*)>(
          "_ZN4grpc8internal18ServerCallbackCall12CallOnCancelEPNS0_"
          "13ServerReactorE");
  __tsan_acquire(&on_cancel_conditions_remaining_);
  next(this, reactor);
}

}  // namespace grpc::internal
