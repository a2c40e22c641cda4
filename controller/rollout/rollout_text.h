// What a rollout says to people.
#ifndef FLEET_CONTROLLER_ROLLOUT_ROLLOUT_TEXT_H_
#define FLEET_CONTROLLER_ROLLOUT_ROLLOUT_TEXT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/rollout/host_view.h"
#include "controller/rollout/rollout.h"

namespace fleet::controller {

// Each is one line.

// A step failed by the host's own account: instance, gate, the probe's last
// answer, the last lines of stderr, and what serves there now.
std::string FailureText(const Rollout& rollout, const HostStep& step,
                        const HostView& view);

// A host has not finished its step `within` so long: how far it is, and what
// serves now.
std::string OverdueText(const Rollout& rollout, const HostStep& step,
                        const HostView& view, absl::Duration within);

// A host that was DONE fails while its wave bakes: `what` it has been seen to
// do ("1 restart"), by which instance, how that ended, and what serves now.
std::string WorseText(const Rollout& rollout, const HostStep& step,
                      const HostView& view, const std::string& what);

// What runs at the end of a rollout that did not succeed: "MIXED: …" with the
// revision (or, where that is the same, whether it was reloaded) per host.
// `step` gives step i as it is now.
std::string FinalStateText(const Rollout& rollout, const FleetView& fleet,
                           const std::function<const HostStep&(size_t)>& step);

// "a, b, c" with at most ten names and the count of the rest.
std::string HostList(const std::vector<std::string>& hosts);

// "1 host", "3 hosts"; "1 instance", "3 instances".
std::string Hosts(int n);
std::string Instances(int64_t n);

// Why another rollout of the app cannot begin, and what may be done about it.
std::string InTheWayText(const Rollout& rollout);

// For a rollout under way: how far it is. Its message, if it has one.
std::string StatusLine(const Rollout& rollout);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ROLLOUT_TEXT_H_
