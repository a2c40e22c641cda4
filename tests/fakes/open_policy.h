// A call policy that lets everybody in and remembers what it was told.
#ifndef FLEET_TESTS_FAKES_OPEN_POLICY_H_
#define FLEET_TESTS_FAKES_OPEN_POLICY_H_

#include <string>
#include <string_view>
#include <vector>

#include "controller/call_policy.h"

namespace fleet::controller {

class OpenPolicy : public CallPolicy {
 public:
  absl::StatusOr<Identity> Admit(
      const CallCredentials& credentials, std::string_view /*method*/,
      const google::protobuf::Message& /*request*/) override {
    Identity caller = credentials.connection;
    caller.role = Role::kAdmin;
    return caller;
  }
  void Record(const Identity& /*caller*/, std::string_view method,
              const google::protobuf::Message& /*request*/,
              const google::protobuf::Message* /*answer*/,
              const absl::Status& /*outcome*/) override {
    recorded.emplace_back(method);
  }

  std::vector<std::string> recorded;
};

}  // namespace fleet::controller

#endif  // FLEET_TESTS_FAKES_OPEN_POLICY_H_
