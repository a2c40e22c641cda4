// What is said when a rollout is over, or is not waited for any longer.
#ifndef FLEET_CLI_ROLLOUT_ROLLOUT_REPORT_H_
#define FLEET_CLI_ROLLOUT_ROLLOUT_REPORT_H_

#include <string>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "cli/rollout/rollout_verdict.h"
#include "fleet/v1/app.pb.h"
#include "fleet/v1/rollout.pb.h"

namespace fleet::cli {

// Lines, each with its newline. A success is one line with hosts and time. A
// failure says what happened on which host and instance, why (the gate's
// reason, the last lines of stderr), what serves now by `app` as its hosts say
// (null: not known), and the commands that help; not when this end was wanted
// (`as_wanted`). `now` is calendar time.
std::string RolloutReport(const v1::Rollout& rollout, Verdict verdict,
                          const v1::App* app, absl::Time now,
                          const TextStyle& style, bool as_wanted = false);

// `goes on`, how to follow it and how to end it. `why`: "interrupted".
std::string DetachedReport(const v1::Rollout& rollout, std::string_view why);

// "host-1: 4/4 ready, revision 3", a line per host, each indented by two. More
// than ten hosts are put together: "4/4 ready, revision 3: host-1, … and 95
// more".
std::string ServesNow(const v1::App& app, absl::Time now);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ROLLOUT_ROLLOUT_REPORT_H_
