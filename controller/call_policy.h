// Who may call what, and what is remembered of it.
#ifndef FLEET_CONTROLLER_CALL_POLICY_H_
#define FLEET_CONTROLLER_CALL_POLICY_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/rpc/identity.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace fleet::controller {

// Asked by CallGate, on the loop thread.
class CallPolicy {
 public:
  virtual ~CallPolicy() = default;

  // The caller, with its role; UNAUTHENTICATED or PERMISSION_DENIED otherwise.
  virtual absl::StatusOr<Identity> Admit(
      const CallCredentials& credentials, std::string_view method,
      const google::protobuf::Message& request) = 0;

  // A call that changes something has ended, or a call was denied.
  virtual void Record(const Identity& caller, std::string_view method,
                      const google::protobuf::Message& request,
                      const absl::Status& outcome) = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_CALL_POLICY_H_
