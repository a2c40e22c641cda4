// A client that follows every rollout, as WatchRollout does.
#ifndef FLEET_TESTS_SIM_WATCHER_H_
#define FLEET_TESTS_SIM_WATCHER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "controller/rollout_watchers.h"

namespace fleet::sim {

class World;

// Reads only when it is told that something has changed, and when it has to
// begin anew with another life of the controller; from the last event it has
// seen. It must see each event once.
class Watcher {
 public:
  explicit Watcher(World& world) : world_(world) {}

  // After each step: new rollouts, and a new controller, are watched.
  void Attach();
  // The client goes away, and does not come back.
  void HangUp();
  // Everything has come to rest: nothing may be missing.
  void CheckComplete() const;

 private:
  class Watch : public controller::RolloutWatcher {
   public:
    Watch(Watcher& owner, std::string uid)
        : owner_(owner), uid_(std::move(uid)) {}
    void OnRolloutChanged() override { owner_.ReadSoon(uid_); }

   private:
    Watcher& owner_;
    const std::string uid_;
  };

  void ReadSoon(const std::string& uid);
  void Read(const std::string& uid);

  World& world_;
  bool gone_ = false;
  int64_t life_ = 0;
  size_t known_ = 0;
  // By rollout: the last event that was seen.
  std::map<std::string, int64_t> seen_;
  std::map<std::string, Watch> watches_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_WATCHER_H_
