// What gRPC orders by atomics, as the thread sanitizer has to see it, in
// libraries that are not instrumented. Whoever starts an operation gives it a
// tag; what was done before happens before what is done by the thread that gets
// the tag back. Whatever a server's reactor does happens before its OnDone. A
// message that stays in the process passes through queues without locks.
//
// These functions are found before the libraries' own, also by the libraries.
#include <grpc/grpc.h>
#include <grpcpp/support/server_callback.h>
#include <sanitizer/tsan_interface.h>

#include <utility>

#include "absl/status/status.h"
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

// In no public header; only the names have to be the library's.
struct grpc_closure;

namespace grpc_core {

// What is taken out was put in before.
class MultiProducerSingleConsumerQueue {
 public:
  struct Node;

  bool Push(Node* node);
  Node* PopAndCheckEnd(bool* empty);
};

bool MultiProducerSingleConsumerQueue::Push(Node* node) {
  static const auto next =
      NextFunction<bool (*)(MultiProducerSingleConsumerQueue*, Node*)>(
          "_ZN9grpc_core32MultiProducerSingleConsumerQueue4PushEPNS0_4NodeE");
  __tsan_release(node);
  return next(this, node);
}

MultiProducerSingleConsumerQueue::Node*
MultiProducerSingleConsumerQueue::PopAndCheckEnd(bool* empty) {
  static const auto next =
      NextFunction<Node* (*)(MultiProducerSingleConsumerQueue*, bool*)>(
          "_ZN9grpc_core32MultiProducerSingleConsumerQueue14PopAndCheckEndEPb");
  Node* node = next(this, empty);
  if (node != nullptr) __tsan_acquire(node);
  return node;
}

// One at a time has a call's combiner, from Start to Stop.
class CallCombiner {
 public:
  void Start(grpc_closure* closure, absl::Status error, const char* file,
             int line, const char* reason);
  void Stop(const char* file, int line, const char* reason);
};

void CallCombiner::Start(grpc_closure* closure, absl::Status error,
                         const char* file, int line, const char* reason) {
  static const auto next =
      NextFunction<void (*)(CallCombiner*, grpc_closure*, absl::Status,
                            const char*, int, const char*)>(
          "_ZN9grpc_core12CallCombiner5StartEP12grpc_closureN4absl7debian3"
          "6StatusEPKciS7_");
  __tsan_acquire(this);
  next(this, closure, std::move(error), file, line, reason);
}

void CallCombiner::Stop(const char* file, int line, const char* reason) {
  static const auto next =
      NextFunction<void (*)(CallCombiner*, const char*, int, const char*)>(
          "_ZN9grpc_core12CallCombiner4StopEPKciS2_");
  __tsan_release(this);
  next(this, file, line, reason);
}

}  // namespace grpc_core

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
