// The hosts of the fleet: who they are, who is connected, who is an impostor.
#ifndef FLEET_CONTROLLER_HOST_REGISTRY_H_
#define FLEET_CONTROLLER_HOST_REGISTRY_H_

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/host_record.h"
#include "controller/store/store.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/host_selector.h"

namespace fleet::controller {

// A host and its session.
struct KnownHost {
  HostRecord record;
  bool connected = false;
  // Of its session, while it has one.
  std::string peer;
  absl::Time connect_time;                       // Calendar time.
  absl::Time last_heard = absl::InfinitePast();  // Steady time.
  // What its clock is ahead of ours.
  std::optional<absl::Duration> clock_skew;
  // A second machine claimed the name. It is told for a minute after the last
  // attempt (steady time).
  std::string conflict;
  // The agent process of its session, and those before it; the newest last, at
  // most kMaxFormerRuns. Empty: it does not tell.
  static constexpr size_t kMaxFormerRuns = 8;
  std::string run_id;
  std::deque<std::string> former_runs;
  absl::Time conflict_until = absl::InfinitePast();
};

// Loop thread only. At most 20,000 hosts. What the agents report of their apps
// is in FleetState.
class HostRegistry {
 public:
  HostRegistry(Store& store, const Clock& clock)
      : store_(store), clock_(clock) {}

  void Load(std::vector<HostRecord> hosts);

  // A host says Hello. Saves what is new about it and marks it connected.
  // ALREADY_EXISTS, naming both peers, when another machine is connected under
  // the name; the first one stays. Another machine is one with another
  // host_uid, or with another boot id while the first was just heard: a clone
  // with a copied state folder, since no machine boots in that time; or, where
  // the boot is the same (containers), an agent process that another one has
  // replaced already: one that was restarted does not come back. `run_id`
  // names the process; "" for one that does not tell.
  // RESOURCE_EXHAUSTED: too many hosts. Or an error of the store.
  absl::Status Connect(HostRecord record, const std::string& peer,
                       const std::string& run_id = "");
  // Its session has ended. A store that fails loses only `last_seen`.
  void Disconnect(const std::string& name);
  void Heard(const std::string& name);
  // Its clock showed `host_time` just now.
  void HeardClock(const std::string& name, absl::Time host_time);

  // Sets or lifts (nullopt) the cordon, and saves `change` with it. NOT_FOUND.
  absl::Status SetCordon(const std::string& name, std::optional<Cordon> cordon,
                         StoreChange change);

  // Assigns labels and takes assigned ones back. NOT_FOUND;
  // INVALID_ARGUMENT: not a label, too many, or not assigned; or an error of
  // the store.
  absl::Status SetLabels(const std::string& name, const HostLabels& labels,
                         const std::vector<std::string>& remove);

  // Forgets it, and saves `change`, what else goes with it. NOT_FOUND;
  // FAILED_PRECONDITION while it is connected.
  absl::Status Remove(const std::string& name, StoreChange change);

  // nullptr: unknown.
  const KnownHost* Find(const std::string& name) const;
  bool IsConnected(const std::string& name) const;
  // "" when no conflict is to be told now.
  std::string ConflictOf(const KnownHost& host) const;
  // By name.
  const std::map<std::string, KnownHost>& hosts() const { return hosts_; }
  int connected_count() const { return connected_count_; }

  // Names of the hosts that all of the selectors pick.
  std::vector<std::string> Select(
      const std::vector<HostSelector>& selectors) const;
  // "host-1, host-2, … (40 in all)", for an error; says so when there is none.
  std::string Describe() const;

 private:
  absl::StatusOr<KnownHost*> Require(const std::string& name);
  absl::Status RefuseConflict(KnownHost& known, const HostRecord& newcomer,
                              const std::string& peer,
                              const std::string& run_id);

  Store& store_;
  const Clock& clock_;
  std::map<std::string, KnownHost> hosts_;
  int connected_count_ = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HOST_REGISTRY_H_
