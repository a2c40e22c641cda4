// An app as the controller keeps it: plain values.
#ifndef FLEET_CONTROLLER_APP_RECORD_H_
#define FLEET_CONTROLLER_APP_RECORD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/app_spec.h"

namespace fleet::controller {

// An immutable spec of an app, numbered from 1.
struct Revision {
  int64_t number = 0;
  // Short content hash of `spec`.
  std::string hash;
  AppSpec spec;
  absl::Time create_time;  // Calendar time.
  // A rollout to it has succeeded.
  bool proven = false;
};

// A row of apps. What hosts should do about it is in the HostTargets.
struct AppRecord {
  std::string name;
  // Never used again, also after the app was deleted and made anew.
  std::string uid;
  // From 0 up, for people; never used again either.
  int64_t id = 0;
  // The newest revision's spec with what does not need new workers to change
  // as it is now: instances, hosts, rollout policy.
  AppSpec spec;
  // Numbers of the newest revision and of the newest proven one (0: none).
  int64_t revision = 0;
  int64_t proven_revision = 0;
  // The newest generation given out.
  int64_t generation = 0;
  // Selectors that `apply --hosts` narrowed the app to when it was made; a
  // host must match one of them. Empty: not narrowed. At most 64.
  std::vector<std::string> placement;
  // Rises with every change.
  int64_t version = 0;
  // Kept only until every host has confirmed that it is gone.
  bool deleted = false;
  absl::Time create_time;  // Calendar times.
  absl::Time update_time;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_APP_RECORD_H_
