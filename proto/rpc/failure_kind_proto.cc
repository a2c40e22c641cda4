#include "proto/rpc/failure_kind_proto.h"

namespace fleet {

v1::FailureKind ToProto(FailureKind kind) {
  switch (kind) {
    case FailureKind::kNone:
      return v1::FAILURE_KIND_UNSPECIFIED;
    case FailureKind::kStart:
      return v1::FAILURE_KIND_START;
    case FailureKind::kExit:
      return v1::FAILURE_KIND_EXIT;
    case FailureKind::kReadyTimeout:
      return v1::FAILURE_KIND_READY_TIMEOUT;
    case FailureKind::kFlapping:
      return v1::FAILURE_KIND_FLAPPING;
    case FailureKind::kListen:
      return v1::FAILURE_KIND_LISTEN;
    case FailureKind::kSpec:
      return v1::FAILURE_KIND_SPEC;
    case FailureKind::kUnhealthy:
      return v1::FAILURE_KIND_UNHEALTHY;
    case FailureKind::kHook:
      return v1::FAILURE_KIND_HOOK;
  }
  return v1::FAILURE_KIND_UNSPECIFIED;
}

FailureKind FromProto(v1::FailureKind kind) {
  switch (kind) {
    case v1::FAILURE_KIND_START:
      return FailureKind::kStart;
    case v1::FAILURE_KIND_EXIT:
      return FailureKind::kExit;
    case v1::FAILURE_KIND_READY_TIMEOUT:
      return FailureKind::kReadyTimeout;
    case v1::FAILURE_KIND_FLAPPING:
      return FailureKind::kFlapping;
    case v1::FAILURE_KIND_LISTEN:
      return FailureKind::kListen;
    case v1::FAILURE_KIND_SPEC:
      return FailureKind::kSpec;
    case v1::FAILURE_KIND_HOOK:
      return FailureKind::kHook;
    case v1::FAILURE_KIND_UNHEALTHY:
      return FailureKind::kUnhealthy;
    case v1::FAILURE_KIND_UNSPECIFIED:
    case v1::FailureKind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::FailureKind_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return FailureKind::kNone;
}

}  // namespace fleet
