// What a caller may see of the fleet.
#ifndef FLEET_CONTROLLER_CALLER_VIEW_H_
#define FLEET_CONTROLLER_CALLER_VIEW_H_

#include <string>

#include "absl/status/status.h"
#include "controller/app_registry.h"
#include "controller/host_registry.h"
#include "fleet/v1/rollout.pb.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/identity.h"

namespace fleet::controller {

// Whoever's role is limited sees the apps and hosts of that limit, whatever is
// asked; of an app that is also on other hosts, and of its rollouts, only what
// those are that the caller sees. Made for one answer by the services. Loop
// thread only.
class CallerView {
 public:
  // Sees everything.
  CallerView() = default;
  // Both outlive it.
  CallerView(const AccessScope& scope, const AppRegistry& apps,
             const HostRegistry& hosts);

  bool unlimited() const { return scope_.unlimited(); }
  bool SeesHost(const std::string& name) const;
  // With a limit to hosts: an app that some of these have, if only to remove
  // it.
  bool SeesApp(const std::string& name) const;
  // There is such an app, and all of it lies within the limit.
  bool HasWhole(const std::string& app) const;
  // NOT_FOUND as for an app that does not exist.
  absl::Status CheckApp(const std::string& name) const;

  // Takes out the steps and hooks of hosts that it does not see, and their
  // names in what is said of the whole. Counts stay those of the whole rollout.
  void Limit(v1::Rollout& rollout) const;
  // False: the event is about a host that it does not see.
  bool Limit(v1::RolloutEvent& event) const;
  // The text without names of hosts and apps that it does not see.
  std::string Redact(const std::string& text) const;
  // The same error in such words.
  absl::Status Redact(const absl::Status& status) const;

 private:
  bool Hidden(const std::string& word) const;

  AccessScope scope_;
  HostSelector hosts_limit_;
  bool blind_ = false;  // The limit cannot be read: no host is seen.
  // Null: sees everything.
  const AppRegistry* apps_ = nullptr;
  const HostRegistry* hosts_ = nullptr;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_CALLER_VIEW_H_
