// What the agents report: the newest status of every app on every host.
#ifndef FLEET_CONTROLLER_FLEET_STATE_H_
#define FLEET_CONTROLLER_FLEET_STATE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/app_registry.h"
#include "controller/host_registry.h"
#include "controller/rollout_ports.h"
#include "fleet/v1/agent_service.pb.h"
#include "fleet/v1/app.pb.h"
#include "fleet/v1/host.pb.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {

// One host's newest word on one app.
struct ObservedApp {
  v1::AppStatus status;
  absl::Time observe_time;  // Calendar time.
  size_t bytes = 0;         // Of the status as it came.
};

struct InstanceCounts {
  int total = 0;
  int ready = 0;
};

// The adapters' cache: kept as it was received, never stored, rebuilt from the
// agents' first messages. What a host said last is kept while it is away, with
// its time. Loop thread only. Bounded by what hosts may report: 2,000 apps
// each, of 1 MiB at most and 16 MiB together.
class FleetState : public FleetSource {
 public:
  // All must outlive it.
  FleetState(const AppRegistry& registry, const HostRegistry& hosts,
             const Clock& clock)
      : registry_(registry), hosts_(hosts), clock_(clock) {}

  // All that the host runs.
  void SetAll(const std::string& host,
              const google::protobuf::RepeatedPtrField<v1::AppStatus>& apps);
  // False: the host says too much, and this is left out.
  bool Set(const std::string& host, const v1::AppStatus& app);
  void Remove(const std::string& host, const std::string& app_uid);
  void SetUsage(const std::string& host, const v1::HostUsage& usage);
  // Puts newer numbers into the instances that are known.
  void SetSample(const std::string& host, const v1::InstanceSample& sample);
  void ForgetHost(const std::string& host);

  // The host would not take the target with this serial. It counts as a
  // failure of its generation until a higher serial is sent.
  void SetRefusal(const std::string& host, const std::string& app_uid,
                  int64_t serial, const std::string& message);
  // It has taken a target of the app. True: it had refused one before.
  bool ForgetRefusal(const std::string& host, const std::string& app_uid);
  // "" when the target as it is now was not refused.
  std::string RefusalOf(const HostTarget& target) const;

  // nullptr: it has said nothing.
  const ObservedApp* Find(const std::string& host,
                          const std::string& app_uid) const;
  const v1::HostUsage* UsageOf(const std::string& host) const;
  // Of those of its apps that `counted` picks by their uid.
  InstanceCounts CountOn(
      const std::string& host,
      const std::function<bool(const std::string& app_uid)>& counted) const;
  std::vector<std::string> AppsOn(const std::string& host) const;
  // Hosts that report the app.
  std::vector<std::string> ReportersOf(const std::string& app_uid) const;

  // FleetSource.
  HostView View(const std::string& host,
                const std::string& app_uid) const override;
  std::vector<std::string> HostsOf(const std::string& app_uid) const override;
  std::string LabelOf(const std::string& host,
                      const std::string& label) const override;

 private:
  struct Refusal {
    int64_t serial = 0;
    std::string message;
  };
  struct HostReports {
    std::map<std::string, ObservedApp> apps;  // By app_uid.
    size_t bytes = 0;                         // Of all apps.
    std::map<std::string, Refusal> refusals;  // By app_uid.
    v1::HostUsage usage;
    bool has_usage = false;
  };

  const AppRegistry& registry_;
  const HostRegistry& hosts_;
  const Clock& clock_;
  std::map<std::string, HostReports> by_host_;
};

// What a rollout needs of an agent's status.
StepReport ToStepReport(const v1::AppStatus& status);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_FLEET_STATE_H_
