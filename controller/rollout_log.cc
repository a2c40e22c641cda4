#include "controller/rollout_log.h"

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {

void LogEvents(const Rollout& rollout, const Plan& plan) {
  for (const RolloutEvent& event : plan.events) {
    if (event.host.empty()) {
      spdlog::info("rollout uid={} app={} seq={} phase={} actor={}: {}",
                   rollout.uid, rollout.app, event.seq, Name(event.phase),
                   event.actor, event.message);
    } else {
      spdlog::info("rollout step uid={} app={} seq={} host={} phase={}: {}",
                   rollout.uid, rollout.app, event.seq, event.host,
                   Name(event.host_phase), event.message);
    }
  }
}

void LogNotSaved(const Rollout& rollout, const absl::Status& status) {
  spdlog::error("rollout is not saved, it waits uid={} app={}: {}", rollout.uid,
                rollout.app, ToStd(status.message()));
}

Rollout WithNotSaved(Rollout rollout, const std::string& why) {
  if (!why.empty()) {
    rollout.state.message =
        absl::StrCat("nothing goes on until it can be saved: ", why);
  }
  return rollout;
}

}  // namespace fleet::controller
