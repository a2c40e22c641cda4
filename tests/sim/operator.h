// The people (and CI jobs) who use the fleet.
#ifndef FLEET_TESTS_SIM_OPERATOR_H_
#define FLEET_TESTS_SIM_OPERATOR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "controller/rollout_driver.h"
#include "proto/rpc/app_spec.h"
#include "tests/sim/world.h"

namespace fleet::sim {

// Does what the services do with their requests, at the controller's core.
// While the controller is down every call is UNAVAILABLE. Of one app.
class Operator {
 public:
  Operator(World& world, std::string app);

  // What the next Apply brings.
  AppSpec& spec() { return spec_; }
  const std::string& app() const { return spec_.name; }

  // Applies the spec with that release. The rollout's uid, empty: none.
  absl::StatusOr<std::string> Apply(const std::string& release,
                                    const RolloutPolicySpec& policy,
                                    bool supersede);
  // A rollout of the newest revision. Empty request_id: none.
  absl::StatusOr<controller::Rollout> Roll(controller::RolloutKind kind,
                                           const RolloutPolicySpec& policy,
                                           bool supersede,
                                           const std::string& request_id);
  // The same request again, as a client does that got no answer: the same
  // rollout (invariant 14).
  void RepeatLast();

  absl::Status Pause();
  absl::Status Resume();
  absl::Status Retry();
  absl::Status Abort();
  absl::Status Promote(bool now);
  absl::Status Undo();
  absl::Status Scale(int instances);
  absl::Status Stop();
  absl::Status Start();
  absl::Status Cordon(const std::string& host, bool drain);
  absl::Status Uncordon(const std::string& host);
  absl::Status RemoveHost(const std::string& host);

 private:
  struct Request {
    std::string id;
    controller::RolloutKind kind;
    RolloutPolicySpec policy;
    std::string uid;  // Of the answer; empty: it was lost.
  };

  controller::RolloutOrder Order() const;
  template <class Call>
  auto Ask(const std::string& what, Call call)
      -> decltype(call(std::declval<controller::FleetCore&>()));

  World& world_;
  AppSpec spec_;
  std::optional<Request> last_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_OPERATOR_H_
