// Judges what the fleet says of itself.
#ifndef FLEET_CLI_DOCTOR_CHECKUP_H_
#define FLEET_CLI_DOCTOR_CHECKUP_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/doctor/finding.h"
#include "fleet/v1/app_service.pb.h"
#include "fleet/v1/host_service.pb.h"
#include "fleet/v1/rollout_service.pb.h"

namespace fleet::cli {

// What doctor has asked; an answer that did not come is its error.
struct Checkup {
  std::string address;
  // Where the address comes from: "--controller", "$FLEET_CONTROLLER", "this
  // user's fleet on this machine".
  std::string address_source;
  std::string own_version;
  absl::StatusOr<v1::GetControllerResponse> controller;
  // From the question to the answer, and calendar time when it came.
  absl::Duration round_trip;
  absl::Time now;
  absl::StatusOr<v1::ListHostsResponse> hosts;
  absl::StatusOr<v1::CheckHostsResponse> checks;
  absl::StatusOr<v1::ListAppsResponse> apps;
  absl::StatusOr<v1::ListRolloutsResponse> rollouts;
};

// Pure. The controller first; when it did not answer, there is only that.
std::vector<Finding> Judge(const Checkup& checkup);

}  // namespace fleet::cli

#endif  // FLEET_CLI_DOCTOR_CHECKUP_H_
