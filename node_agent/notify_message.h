// A datagram of the sd_notify protocol.
#ifndef FLEET_NODE_AGENT_NOTIFY_MESSAGE_H_
#define FLEET_NODE_AGENT_NOTIFY_MESSAGE_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace fleet::agent {

struct NotifyMessage {
  bool ready = false;
  bool stopping = false;
  bool reloading = false;
  bool barrier = false;
  std::optional<std::string> status;  // At most 256 bytes of valid text.
  std::optional<pid_t> main_pid;
  std::optional<absl::Duration> extend_timeout;
  bool watchdog = false;          // WATCHDOG=1.
  bool watchdog_trigger = false;  // WATCHDOG=trigger.
  // WATCHDOG_USEC: another time from now on.
  std::optional<absl::Duration> watchdog_period;
};

// Source: sd_notify(3). Assignments we do not know are left out, as systemd
// does; nothing: not a single assignment is in it. Pure.
std::optional<NotifyMessage> ParseNotifyMessage(std::string_view datagram);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_NOTIFY_MESSAGE_H_
