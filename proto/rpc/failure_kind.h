// How a step, or a worker, has failed.
#ifndef FLEET_PROTO_RPC_FAILURE_KIND_H_
#define FLEET_PROTO_RPC_FAILURE_KIND_H_

namespace fleet {

// fleet/v1/app.proto says what each means. The agent writes the numbers to disk
// (node_agent/slot_run.h): add at the end only.
enum class FailureKind {
  kNone,
  kStart,
  kExit,
  kReadyTimeout,
  kFlapping,
  kListen,
  kSpec,
  // It lived and did not serve: liveness probe, watchdog.
  kUnhealthy,
  // pre_reload or post_reload.
  kHook,
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_FAILURE_KIND_H_
