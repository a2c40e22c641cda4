// Apps and hosts as clients see them: what is wanted and what is observed.
#ifndef FLEET_CONTROLLER_APP_VIEW_H_
#define FLEET_CONTROLLER_APP_VIEW_H_

#include "controller/app_registry.h"
#include "controller/caller_view.h"
#include "controller/fleet_state.h"
#include "controller/host_registry.h"
#include "controller/rollout_driver.h"
#include "fleet/v1/app.pb.h"
#include "fleet/v1/host.pb.h"
#include "proto/rpc/host_selector.h"

namespace fleet::controller {

// Loop thread only. Pure reading.
class AppView {
 public:
  // All must outlive it.
  AppView(const AppRegistry& registry, const HostRegistry& hosts,
          const FleetState& state, const RolloutDriver& driver)
      : registry_(registry), hosts_(hosts), state_(state), driver_(driver) {}

  struct AppParts {
    bool spec = true;
    bool hosts = true;
    // Of the hosts, only these.
    HostSelector selector = {};
    // And of these, only those that it sees.
    CallerView caller = {};
  };
  v1::App App(const AppEntry& app, const AppParts& parts) const;
  // Its counts are of the apps that the caller sees.
  v1::Host Host(const KnownHost& host, const CallerView& caller = {}) const;

 private:
  bool Picks(const HostSelector& selector, const std::string& host) const;
  v1::HostApp HostApp(const std::string& app_uid,
                      const std::string& host) const;

  const AppRegistry& registry_;
  const HostRegistry& hosts_;
  const FleetState& state_;
  const RolloutDriver& driver_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_APP_VIEW_H_
