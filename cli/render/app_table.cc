#include "cli/render/app_table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/render/age.h"
#include "cli/render/app_summary.h"
#include "cli/render/text_table.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

Colour OkColour(bool ok) { return ok ? Colour::kNone : Colour::kYellow; }

void AddApp(const v1::App& app, absl::Time now, TextTable& table) {
  const AppSummary s = Summarize(app);
  const bool any = s.stale_hosts < s.hosts;
  std::string state = s.state;
  if (!app.active_rollout_uid().empty()) {
    absl::StrAppend(&state, ", rollout ", app.active_rollout_uid());
  }
  if (s.failed_hosts > 0) {
    absl::StrAppend(&state, ", last step failed on ", s.failed_hosts);
  }
  if (s.stale_hosts > 0 && any) {
    absl::StrAppend(&state, ", ", s.stale_hosts, " stale");
  }
  table.AddRow(
      {{app.name(), Colour::kCyan},
       ExecModeText(app.spec().exec_mode()),
       {absl::StrCat(s.ready, "/", s.desired), OkColour(s.ready >= s.desired)},
       {absl::StrCat(s.hosts_ok, "/", s.hosts),
        OkColour(s.hosts_ok == s.hosts)},
       {RevisionText(s), OkColour(s.revisions.size() < 2)},
       {state, s.colour},
       absl::StrCat(s.restarts),
       any ? CpuText(s.cpu_cores) : "-",
       any ? HumanSize(s.rss_bytes) : "-",
       AgeText(s.youngest_start, now)});
}

// What beside the state the user must know, shortest first.
std::string InstanceNote(const v1::Instance& instance, absl::Time now) {
  if (instance.state() == v1::INSTANCE_STATE_BACKOFF &&
      instance.has_next_start_time()) {
    return absl::StrCat(
        "in ", AgeText(now, FromProto(instance.next_start_time())), ": ",
        instance.reason().empty() ? instance.last_exit() : instance.reason());
  }
  if (!instance.reason().empty()) return instance.reason();
  if (instance.state() != v1::INSTANCE_STATE_ONLINE) {
    return instance.last_exit();
  }
  return instance.status_text();
}

std::string StaleText(const v1::HostApp& host, absl::Time now) {
  return absl::StrCat(
      "stale ", AgeText(host.has_observe_time(), host.observe_time(), now));
}

void AddInstance(const v1::App& app, const v1::HostApp& host,
                 const v1::Instance& instance, absl::Time now,
                 TextTable& table) {
  StateText state = InstanceStateText(instance.state());
  const std::string note = InstanceNote(instance, now);
  if (!note.empty()) absl::StrAppend(&state.text, ": ", note);
  if (!host.connected()) {
    state = {absl::StrCat(StaleText(host, now), ", was ", state.text),
             Colour::kGrey};
  }
  const bool alive = instance.pid() > 0;
  table.AddRow(
      {{absl::StrCat(app.name(), ".", instance.slot()), Colour::kCyan},
       host.host(),
       alive ? absl::StrCat(instance.pid()) : "-",
       absl::StrCat(instance.generation(), "/", instance.revision()),
       {state.text, state.colour},
       absl::StrCat(instance.restarts()),
       alive ? AgeText(instance.has_start_time(), instance.start_time(), now)
             : "-",
       alive ? CpuText(instance.cpu_cores()) : "-",
       alive ? HumanSize(instance.rss_bytes()) : "-"});
}

void AddHost(const v1::App& app, const v1::HostApp& host, absl::Time now,
             TextTable& table) {
  for (const v1::Instance& instance : host.status().instances()) {
    AddInstance(app, host, instance, now, table);
  }
  if (host.status().instances_size() > 0) return;
  StateText state = {"no workers", Colour::kGrey};
  if (!host.status().message().empty()) {
    state = {host.status().message(), Colour::kYellow};
  }
  if (!host.connected()) state = {StaleText(host, now), Colour::kGrey};
  table.AddRow({{app.name(), Colour::kCyan},
                host.host(),
                "-",
                "-",
                {state.text, state.colour},
                "-",
                "-",
                "-",
                "-"});
}

}  // namespace

std::string AppTable(const v1::ListAppsResponse& apps, absl::Time now,
                     const TextStyle& style) {
  TextTable table({{"name"},
                   {"mode"},
                   {"ready", true},
                   {"hosts ok", true},
                   {"revision", true},
                   {"state"},
                   {"restarts", true},
                   {"cpu", true},
                   {"mem", true},
                   {"uptime", true}});
  for (const v1::App& app : apps.apps()) AddApp(app, now, table);
  return table.ToText(style);
}

std::string InstanceTable(const v1::ListAppsResponse& apps, absl::Time now,
                          const TextStyle& style) {
  TextTable table({{"instance"},
                   {"host"},
                   {"pid", true},
                   {"gen/rev", true},
                   {"state"},
                   {"restarts", true},
                   {"uptime", true},
                   {"cpu", true},
                   {"mem", true}});
  for (const v1::App& app : apps.apps()) {
    for (const v1::HostApp& host : app.hosts()) AddHost(app, host, now, table);
  }
  return table.ToText(style);
}

std::string CpuText(double cores) {
  return absl::StrFormat("%.1f %%", cores * 100);
}

}  // namespace fleet::cli
