// What is done to an app at once, without a rollout: scale, stop, start,
// delete.
#ifndef FLEET_CONTROLLER_APP_ORDERS_H_
#define FLEET_CONTROLLER_APP_ORDERS_H_

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "controller/app_registry.h"
#include "controller/host_registry.h"
#include "controller/rollout_driver.h"
#include "controller/store/store.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {

// Which app, where, and what to remember of the request.
struct AppOrder {
  std::string app;
  // Empty: every host of the app.
  std::string hosts;
  // Saved together with the change.
  std::optional<Answer> answer;
  std::string actor;
};

// Each order changes the app's targets on the chosen hosts, in one
// transaction, and they are sent at once; hosts that are not connected get
// them when they return. Loop thread only.
//
// NOT_FOUND with reason APP_NOT_FOUND or NO_HOST_MATCHES, INVALID_ARGUMENT, or
// an error of the store, after which nothing has changed.
class AppOrders {
 public:
  // All must outlive it.
  AppOrders(Store& store, AppRegistry& registry, const HostRegistry& hosts,
            RolloutDriver& driver, const Clock& clock)
      : store_(store),
        registry_(registry),
        hosts_(hosts),
        driver_(driver),
        clock_(clock) {}

  // `instances` as in the spec; `relative`: added to what each host has. For
  // all hosts, it is also what hosts that come later get.
  absl::Status Scale(const AppOrder& order, int instances, bool relative);
  absl::Status Stop(const AppOrder& order);
  // Also gives crash-looped instances a new chance.
  absl::Status Start(const AppOrder& order);
  // One instance. What is stopped so stays stopped until it is started, or the
  // app is started, or a rollout brings it to a new generation. A host all of
  // whose instances are stopped has stopped the app; where the app is stopped,
  // a start of one instance leaves the others stopped. INVALID_ARGUMENT: no
  // host has the instance.
  absl::Status StopSlot(const AppOrder& order, int slot);
  // Also gives it a new chance after a crash loop.
  absl::Status StartSlot(const AppOrder& order, int slot);
  // StartSlot where it is stopped; the hosts where it was.
  absl::StatusOr<std::set<std::string>> StartSlotIfStopped(
      const AppOrder& order, int slot);
  // Ends the app's rollout. Hosts that are away are told when they return.
  absl::Status Delete(const AppOrder& order);

  // The host has confirmed that the app is gone (a removed target).
  absl::Status ConfirmRemoved(const std::string& app_uid,
                              const std::string& host);

 private:
  // Changes one target; false: it is as it should be.
  using Edit = std::function<absl::StatusOr<bool>(HostTarget&)>;

  absl::Status EditTargets(const AppOrder& order, const Edit& edit,
                           const std::function<void(AppRecord&)>& edit_app);
  absl::StatusOr<int> Raise(const HostTarget& target, int by) const;
  // Edits the targets of hosts that have the slot.
  absl::Status EditSlot(
      const AppOrder& order, int slot,
      const std::function<bool(HostTarget&, int instances)>& edit);
  // Instances there, where the spec may say "max".
  int InstancesOf(const HostTarget& target) const;

  Store& store_;
  AppRegistry& registry_;
  const HostRegistry& hosts_;
  RolloutDriver& driver_;
  const Clock& clock_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_APP_ORDERS_H_
