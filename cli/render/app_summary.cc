#include "cli/render/app_summary.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

struct KnownState {
  v1::InstanceState state;
  const char* text;
  Colour colour;
};

// In the order in which it is worth saying of many instances.
constexpr std::array<KnownState, 8> kStates = {{
    {v1::INSTANCE_STATE_STOPPED, "stopped", Colour::kGrey},
    {v1::INSTANCE_STATE_ONLINE, "online", Colour::kGreen},
    {v1::INSTANCE_STATE_STOPPING, "stopping", Colour::kYellow},
    {v1::INSTANCE_STATE_EXITED, "exited", Colour::kGrey},
    {v1::INSTANCE_STATE_STARTING, "starting", Colour::kYellow},
    {v1::INSTANCE_STATE_UNREADY, "not ready", Colour::kRed},
    {v1::INSTANCE_STATE_BACKOFF, "waiting restart", Colour::kRed},
    {v1::INSTANCE_STATE_CRASH_LOOP, "crash loop", Colour::kRed},
}};

int Urgency(v1::InstanceState state) {
  for (size_t i = 0; i < kStates.size(); ++i) {
    if (kStates[i].state == state) return static_cast<int>(i);
  }
  return -1;
}

// `leaving` gets the revisions of what is being stopped: it serves nobody, so
// it mixes with nothing.
int AddInstances(const v1::AppStatus& status, AppSummary& summary,
                 std::set<int64_t>& leaving, v1::InstanceState& most_urgent) {
  std::set<int> ready_slots;
  std::map<int, int64_t> restarts;
  for (const v1::Instance& instance : status.instances()) {
    if (instance.ready()) ready_slots.insert(instance.slot());
    int64_t& of_slot = restarts[instance.slot()];
    of_slot = std::max(of_slot, instance.restarts());
    if (Urgency(instance.state()) > Urgency(most_urgent)) {
      most_urgent = instance.state();
    }
    if (instance.pid() == 0) continue;
    (instance.state() == v1::INSTANCE_STATE_STOPPING ? leaving
                                                     : summary.revisions)
        .insert(instance.revision());
    summary.cpu_cores += instance.cpu_cores();
    summary.rss_bytes += instance.rss_bytes();
    if (instance.ready() && instance.has_start_time()) {
      summary.youngest_start =
          std::max(summary.youngest_start, FromProto(instance.start_time()));
    }
  }
  for (const auto& [slot, count] : restarts) summary.restarts += count;
  return static_cast<int>(ready_slots.size());
}

// While the app runs: each by itself.
int StoppedSlots(const v1::AppStatus& status) {
  return static_cast<int>(
      std::count_if(status.instances().begin(), status.instances().end(),
                    [](const v1::Instance& instance) {
                      return instance.state() == v1::INSTANCE_STATE_STOPPED;
                    }));
}

StateText OverallState(const AppSummary& summary, v1::InstanceState urgent,
                       bool stopped) {
  if (summary.hosts == 0) return {"no hosts", Colour::kYellow};
  if (summary.stale_hosts == summary.hosts) return {"stale", Colour::kYellow};
  if (stopped && summary.revisions.empty()) return {"stopped", Colour::kGrey};
  const bool all_ready = summary.ready >= summary.desired;
  const bool passing = urgent == v1::INSTANCE_STATE_STARTING ||
                       urgent == v1::INSTANCE_STATE_STOPPING ||
                       urgent == v1::INSTANCE_STATE_ONLINE;
  // During a surge new workers start beside old ones that serve.
  if (all_ready && passing && summary.ready > 0) {
    return {"online", Colour::kGreen};
  }
  if (urgent == v1::INSTANCE_STATE_UNSPECIFIED ||
      urgent == v1::INSTANCE_STATE_ONLINE) {
    return {summary.ready == 0 ? "not running" : "degraded", Colour::kYellow};
  }
  return InstanceStateText(urgent);
}

}  // namespace

AppSummary Summarize(const v1::App& app) {
  AppSummary summary;
  std::set<int64_t> leaving;
  v1::InstanceState urgent = v1::INSTANCE_STATE_UNSPECIFIED;
  bool stopped = true;
  for (const v1::HostApp& host : app.hosts()) {
    ++summary.hosts;
    if (!host.connected()) {
      ++summary.stale_hosts;
      continue;
    }
    const v1::AppStatus& status = host.status();
    const int ready = AddInstances(status, summary, leaving, urgent);
    const bool host_stopped = status.run_state() == v1::RUN_STATE_STOPPED;
    const int stopped_here = host_stopped ? 0 : StoppedSlots(status);
    const int desired =
        host_stopped ? 0 : status.desired_instances() - stopped_here;
    stopped = stopped && host_stopped;
    summary.ready += ready;
    summary.desired += desired;
    summary.stopped += stopped_here;
    if (status.step().phase() == v1::STEP_PHASE_FAILED) {
      ++summary.failed_hosts;
    }
    if (host.has_status() && ready >= desired) ++summary.hosts_ok;
  }
  if (summary.revisions.empty()) summary.revisions = std::move(leaving);
  const StateText state = OverallState(summary, urgent, stopped);
  summary.state = state.text;
  if (summary.stopped > 0 && urgent != v1::INSTANCE_STATE_STOPPED) {
    absl::StrAppend(&summary.state, ", ", summary.stopped, " stopped");
  }
  summary.colour = state.colour;
  return summary;
}

std::string RevisionText(const AppSummary& summary) {
  if (summary.revisions.empty()) return "-";
  if (summary.revisions.size() == 1) {
    return absl::StrCat(*summary.revisions.begin());
  }
  return absl::StrCat("MIXED ", absl::StrJoin(summary.revisions, ","));
}

std::string MixedHelp(const v1::App& app, const AppSummary& summary) {
  if (summary.revisions.size() < 2) return "";
  if (!app.active_rollout_uid().empty()) {
    return absl::StrCat("rollout ", app.active_rollout_uid(),
                        " has not ended: fleetctl rollout status ",
                        app.active_rollout_uid());
  }
  v1::App others = app;
  others.clear_hosts();
  for (const v1::HostApp& host : app.hosts()) {
    if (!host.has_cordon()) *others.add_hosts() = host;
  }
  if (Summarize(others).revisions.size() < 2) {
    return "hosts that are cordoned follow once they are uncordoned";
  }
  if (app.proven_revision() == 0) {
    return "no revision is proven yet: fleetctl apply FILE";
  }
  return absl::StrCat("all to the proven one: fleetctl rollback ", app.name(),
                      " --to-revision ", app.proven_revision());
}

StateText InstanceStateText(v1::InstanceState state) {
  for (const KnownState& known : kStates) {
    if (known.state == state) return {known.text, known.colour};
  }
  return {"unknown", Colour::kYellow};
}

std::string RefusalText(const std::string& refusal) {
  return refusal.empty() ? "" : absl::StrCat("the host refused it: ", refusal);
}

std::string ExecModeText(v1::ExecMode mode) {
  return mode == v1::EXEC_MODE_CLUSTER ? "cluster" : "fork";
}

}  // namespace fleet::cli
