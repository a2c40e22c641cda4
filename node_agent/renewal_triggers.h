// What has an app's workers renewed: the calendar, and files that change.
#ifndef FLEET_NODE_AGENT_RENEWAL_TRIGGERS_H_
#define FLEET_NODE_AGENT_RENEWAL_TRIGGERS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "node_agent/cron_timer.h"
#include "node_agent/file_watch.h"
#include "node_agent/slot_state.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// One per app; AppSupervisor owns it. Loop thread only; calls back from the
// loop, never from inside a call. Looks at the calendar at least once a minute,
// so that a jump of the clock is noticed.
class RenewalTriggers {
 public:
  using Renew =
      std::function<void(RenewalCause cause, const std::string& reason)>;

  RenewalTriggers(EventLoop& loop, Renew renew);
  ~RenewalTriggers();
  RenewalTriggers(const RenewalTriggers&) = delete;
  RenewalTriggers& operator=(const RenewalTriggers&) = delete;

  // Goes by this spec from now on; nullptr: by nothing. The calendar counts
  // from the calendar time `since`. The same spec again changes nothing.
  void Follow(std::shared_ptr<const AppSpec> spec, const std::string& host_name,
              absl::Time since);

  // What of the spec cannot be gone by, and why; empty: nothing.
  std::string problem() const;

 private:
  void StartCron(const std::string& host_name, absl::Time since);
  void StartWatch();
  void ScheduleCron();
  void LookAtCalendar();

  EventLoop& loop_;
  Renew renew_;
  std::shared_ptr<const AppSpec> spec_;
  std::optional<CronTimer> cron_;
  std::string cron_problem_;
  EventLoop::TimerId cron_timer_ = 0;
  std::unique_ptr<FileWatch> watch_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_RENEWAL_TRIGGERS_H_
