// When an app's cron_restart is due on one host.
#ifndef FLEET_NODE_AGENT_CRON_TIMER_H_
#define FLEET_NODE_AGENT_CRON_TIMER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/cron_schedule.h"

namespace fleet::agent {

// All times are calendar times. A clock that jumps forward makes it due once,
// however much was jumped over; one that jumps back by up to 3 h makes nothing
// due a second time. Loop thread only.
class CronTimer {
 public:
  // Times up to `since` are done with. The error names the field of the spec.
  static absl::StatusOr<CronTimer> Make(const RestartPolicy& policy,
                                        const std::string& app,
                                        const std::string& host_name,
                                        absl::Time since);

  // It has become due since the last call (or since `since`).
  bool Due(absl::Time now);
  // InfiniteFuture: never.
  absl::Time next() const { return next_; }

  // The share of `spread` that the host waits: the same on every run, and even
  // over hosts. Pure.
  static absl::Duration Offset(const std::string& app,
                               const std::string& host_name,
                               absl::Duration spread);

 private:
  CronTimer(CronSchedule schedule, absl::TimeZone zone, absl::Duration offset,
            absl::Time since);
  absl::Time After(absl::Time time) const;

  CronSchedule schedule_;
  absl::TimeZone zone_;
  absl::Duration offset_;
  absl::Time looked_;
  absl::Time next_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_CRON_TIMER_H_
