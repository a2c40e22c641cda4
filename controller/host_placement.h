// Gives hosts what they should run and do not know of yet.
#ifndef FLEET_CONTROLLER_HOST_PLACEMENT_H_
#define FLEET_CONTROLLER_HOST_PLACEMENT_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "controller/app_registry.h"
#include "controller/host_registry.h"
#include "controller/rollout_driver.h"

namespace fleet::controller {

// How a host brings up an app outside of a rollout.
StepPolicy DefaultStep(const AppSpec& spec);

// A host that comes (back) while no rollout of an app is under way gets the
// app's proven revision, or the newest one while none is proven:
// - when the app's `hosts` and its placement match it and it has no target;
// - when the last rollout left it out because it was away.
// A new host that comes while one is under way is not of it: it gets the proven
// revision, or the rollout's once the first of several waves has passed; while
// there is neither, nothing yet. When the rollout has ended it follows the
// others (where it was aborted, it stays as they do). Hosts that were left out
// on purpose (apply --hosts) stay as they are.
//
// An order to run a hook once that no rollout awaits any more (it was
// superseded, or the host was away for too long) is taken back before the host
// is told of it. Loop thread only.
class HostPlacement {
 public:
  // All must outlive it.
  HostPlacement(AppRegistry& registry, const HostRegistry& hosts,
                RolloutDriver& driver)
      : registry_(registry), hosts_(hosts), driver_(driver) {}

  // All apps, one host that is connected. One transaction; an error of the
  // store, after which the same call may succeed.
  absl::Status PlaceOn(const std::string& host);
  // One app that has no rollout any more, all connected hosts. Likewise.
  absl::Status PlaceApp(const std::string& app_uid);

 private:
  // The target the host should be given; nullopt: it is as it should be.
  std::optional<HostTarget> Next(const AppEntry& app, const KnownHost& host);
  // Likewise, but for hooks.
  std::optional<HostTarget> TargetFor(const AppEntry& app,
                                      const KnownHost& host);
  std::optional<HostTarget> DuringRollout(const AppEntry& app,
                                          const KnownHost& host,
                                          const Rollout& rollout);
  HostTarget AfterRollout(const AppEntry& app, const HostTarget& present);
  static HostTarget NewTarget(const AppEntry& app, const KnownHost& host);
  // `target` at that revision, one serial on.
  static HostTarget At(HostTarget target, const AppEntry& app, int64_t revision,
                       int64_t generation);
  bool WasLeftOut(const AppEntry& app, const HostTarget& target);
  absl::Status Save(const StoreChange& change);

  AppRegistry& registry_;
  const HostRegistry& hosts_;
  RolloutDriver& driver_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HOST_PLACEMENT_H_
