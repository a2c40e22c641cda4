// Who may call what, and what is remembered of it.
#ifndef FLEET_CONTROLLER_CALL_POLICY_H_
#define FLEET_CONTROLLER_CALL_POLICY_H_

#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/caller_view.h"
#include "proto/rpc/identity.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace fleet::controller {

// Asked by CallGate, on the loop thread.
class CallPolicy {
 public:
  virtual ~CallPolicy() = default;

  // Calls `done` on the loop, once, when Admit can judge these credentials: at
  // once, or when what it must know of them is there.
  virtual void Prepare(const CallCredentials& credentials,
                       std::function<void()> done) {
    (void)credentials;
    done();
  }

  // The caller, with its role; UNAUTHENTICATED or PERMISSION_DENIED otherwise.
  virtual absl::StatusOr<Identity> Admit(
      const CallCredentials& credentials, std::string_view method,
      const google::protobuf::Message& request) = 0;

  // Who brings credentials that Admit took for good, for the record of what it
  // was denied.
  virtual Identity WhoIs(const CallCredentials& credentials) {
    return credentials.connection;
  }

  // Admit, and a record of what was denied.
  absl::StatusOr<Identity> AdmitOrRecord(
      const CallCredentials& credentials, std::string_view method,
      const google::protobuf::Message& request) {
    absl::StatusOr<Identity> caller = Admit(credentials, method, request);
    if (!caller.ok()) {
      const bool known = absl::IsPermissionDenied(caller.status());
      Record(known ? WhoIs(credentials) : credentials.connection, method,
             request, nullptr, caller.status());
    }
    return caller;
  }

  // Whether a caller that was admitted would be so again: UNAUTHENTICATED when
  // its token or certificate has ended.
  virtual absl::Status Recheck(const Identity& caller) {
    (void)caller;
    return absl::OkStatus();
  }

  // What it may see.
  virtual CallerView ViewOf(const Identity& caller) {
    (void)caller;
    return CallerView();
  }

  // A call that changes something has ended, or a call was denied. `answer` is
  // null where nobody looks at it.
  virtual void Record(const Identity& caller, std::string_view method,
                      const google::protobuf::Message& request,
                      const google::protobuf::Message* answer,
                      const absl::Status& outcome) = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_CALL_POLICY_H_
