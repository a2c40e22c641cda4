// `fleetctl apply`: specs become the newest revisions of their apps.
#ifndef FLEET_CONTROLLER_APP_APPLY_H_
#define FLEET_CONTROLLER_APP_APPLY_H_

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/app_registry.h"
#include "controller/host_registry.h"
#include "controller/rollout_driver.h"
#include "controller/store/store.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {

struct ApplyOrder {
  // At most 1,000, each name once.
  std::vector<AppSpec> specs;
  bool validate_only = false;
  // Narrows every spec's `hosts`; empty: it does not.
  std::string hosts;
  // Fields that are set override the specs' policies for this rollout.
  RolloutPolicySpec policy;
  bool supersede = false;
  std::string actor;
};

enum class ApplyChange { kCreated, kUpdated, kUnchanged };

struct ApplyOutcome {
  std::string app;
  ApplyChange change = ApplyChange::kUnchanged;
  int64_t revision = 0;
  // The rollout that brings the hosts to it; empty: there is none.
  std::string rollout_uid;
  std::vector<std::string> differences;
  // With validate_only: the rollout that would be made, if any, and its hosts.
  std::optional<Rollout> plan;
  FleetView plan_view;
  // The one that has not ended and is in that one's way, if any.
  std::optional<Rollout> under_way;
};

// Loop thread only. At most 10,000 apps, and of each the newest 100 revisions
// beside those in use.
class AppApply {
 public:
  // All must outlive it. `random_seed` makes uids.
  AppApply(Store& store, AppRegistry& registry, const HostRegistry& hosts,
           RolloutDriver& driver, const Clock& clock, uint64_t random_seed)
      : store_(store),
        registry_(registry),
        hosts_(hosts),
        driver_(driver),
        clock_(clock),
        random_(random_seed) {}

  // In the order of the specs. Everything that can be refused is refused
  // before anything is changed: INVALID_ARGUMENT (SPEC_INVALID), NOT_FOUND
  // (NO_HOST_MATCHES), ABORTED (ROLLOUT_IN_PROGRESS). When the store fails
  // half-way, the apps before are done, and the same call does the rest.
  absl::StatusOr<std::vector<ApplyOutcome>> Apply(const ApplyOrder& order);

 private:
  struct Plan;

  absl::Status CheckOrder(const ApplyOrder& order) const;
  absl::Status CheckDependencies(const ApplyOrder& order) const;
  absl::StatusOr<Plan> MakePlan(const ApplyOrder& order, const AppSpec& spec);
  absl::StatusOr<std::vector<std::string>> PickHosts(const ApplyOrder& order,
                                                     const AppSpec& spec) const;
  Plan PlanNew(const ApplyOrder& order, const AppSpec& spec,
               std::vector<std::string> hosts);
  Plan PlanUpdate(const ApplyOrder& order, const AppSpec& spec,
                  const AppEntry& app, std::vector<std::string> hosts);
  void PlanTargets(const ApplyOrder& order, const AppEntry& app,
                   const std::vector<std::string>& hosts, Plan& plan) const;
  void PlanRest(const AppEntry& app, std::vector<std::string> hosts,
                Plan& plan) const;
  void PlanStopped(const AppEntry* app, const std::vector<std::string>& hosts,
                   Plan& plan) const;
  bool WasTried(const AppEntry& app) const;
  void AddRevision(const AppEntry* app, Plan& plan) const;
  absl::Status RollOut(const ApplyOrder& order, Plan& plan, bool check_only);
  absl::Status Execute(const ApplyOrder& order, Plan& plan);
  std::string NewUid();

  Store& store_;
  AppRegistry& registry_;
  const HostRegistry& hosts_;
  RolloutDriver& driver_;
  const Clock& clock_;
  std::mt19937_64 random_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_APP_APPLY_H_
