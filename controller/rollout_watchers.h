// Who wants to know when a rollout changes.
#ifndef FLEET_CONTROLLER_ROLLOUT_WATCHERS_H_
#define FLEET_CONTROLLER_ROLLOUT_WATCHERS_H_

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"

namespace fleet::controller {

// Told that a rollout has changed; asks for what it has not seen when it can
// take it. So nothing is queued for it, and it misses nothing.
class RolloutWatcher {
 public:
  virtual ~RolloutWatcher() = default;
  // May read from the driver, add and remove watchers.
  virtual void OnRolloutChanged() = 0;
};

// Loop thread only. At most 1,000 watchers.
class RolloutWatchers {
 public:
  // RESOURCE_EXHAUSTED: there are too many.
  absl::Status Add(const std::string& uid, RolloutWatcher& watcher);
  void Remove(const std::string& uid, RolloutWatcher& watcher);
  void Notify(const std::string& uid);

 private:
  std::unordered_map<std::string, std::vector<RolloutWatcher*>> by_uid_;
  size_t count_ = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_WATCHERS_H_
