#include "cli/render/app_table.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/render/age.h"
#include "cli/render/app_notes.h"
#include "cli/render/app_summary.h"
#include "cli/render/text_table.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

Colour OkColour(bool ok) { return ok ? Colour::kNone : Colour::kYellow; }

std::string RevisionCell(const AppSummary& summary) {
  std::string cell;
  for (const int64_t revision : summary.revisions) {
    absl::StrAppend(&cell, cell.empty() ? "" : ",", revision);
  }
  return cell.empty() ? "-" : cell;
}

void AddApp(const v1::App& app, const TableView& view, TextTable& table) {
  const AppSummary s = Summarize(app);
  // Nothing takes no memory: what takes none has not been sampled yet.
  const bool any = s.stale_hosts < s.hosts && (s.rss_bytes > 0 || s.ready == 0);
  table.AddRow(
      {absl::StrCat(app.id()),
       {app.name(), Colour::kCyan},
       {absl::StrCat(s.ready, "/", s.desired), OkColour(s.ready >= s.desired)},
       {absl::StrCat(s.hosts_ok, "/", s.hosts),
        OkColour(s.hosts_ok == s.hosts)},
       {RevisionCell(s), OkColour(s.revisions.size() < 2)},
       absl::StrCat(s.restarts),
       AgeText(s.youngest_start, view.now),
       any ? CpuText(s.cpu_cores) : "-",
       any ? HumanSize(s.rss_bytes) : "-",
       {s.state, s.colour}});
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

using Row = std::vector<TextTable::Cell>;

// Puts the columns of -o wide before the last one.
void AddRow(Row row, Row wide_cells, const TableView& view, TextTable& table) {
  if (view.wide) {
    row.insert(row.end() - 1, wide_cells.begin(), wide_cells.end());
  }
  table.AddRow(std::move(row));
}

void AddInstance(const v1::App& app, const v1::HostApp& host,
                 const v1::Instance& instance, const TableView& view,
                 TextTable& table) {
  StateText state = InstanceStateText(instance.state());
  const std::string note = InstanceNote(instance, view.now);
  if (!note.empty()) absl::StrAppend(&state.text, ": ", note);
  if (!host.connected()) {
    state = {absl::StrCat(StaleText(host, view.now), ", was ", state.text),
             Colour::kGrey};
  }
  const bool alive = instance.pid() > 0;
  const bool sampled = alive && instance.rss_bytes() > 0;
  AddRow({{absl::StrCat(app.name(), ".", instance.slot()), Colour::kCyan},
          host.host(),
          alive ? absl::StrCat(instance.pid()) : "-",
          absl::StrCat(instance.revision()),
          absl::StrCat(instance.restarts()),
          alive ? AgeText(instance.has_start_time(), instance.start_time(),
                          view.now)
                : "-",
          sampled ? CpuText(instance.cpu_cores()) : "-",
          sampled ? HumanSize(instance.rss_bytes()) : "-",
          {state.text, state.colour}},
         {absl::StrCat(instance.generation()),
          ExecModeText(app.spec().exec_mode()), app.namespace_(),
          instance.last_exit().empty() ? "-" : instance.last_exit()},
         view, table);
}

void AddHost(const v1::App& app, const v1::HostApp& host, const TableView& view,
             TextTable& table) {
  for (const v1::Instance& instance : host.status().instances()) {
    AddInstance(app, host, instance, view, table);
  }
  if (host.status().instances_size() > 0) return;
  StateText state = {"no workers", Colour::kGrey};
  if (!host.status().message().empty()) {
    state = {host.status().message(), Colour::kYellow};
  }
  if (!host.refusal().empty()) {
    state = {RefusalText(host.refusal()), Colour::kRed};
  }
  if (!host.connected()) state = {StaleText(host, view.now), Colour::kGrey};
  AddRow({{app.name(), Colour::kCyan},
          host.host(),
          "-",
          "-",
          "-",
          "-",
          "-",
          "-",
          {state.text, state.colour}},
         {"-", ExecModeText(app.spec().exec_mode()), app.namespace_(), "-"},
         view, table);
}

}  // namespace

std::string AppTable(const v1::ListAppsResponse& apps, const TableView& view) {
  TextTable table({{"id", true},
                   {"name", false, true},
                   {"ready", true},
                   {"hosts", true},
                   {"rev", true},
                   {"↺", true},
                   {"uptime", true},
                   {"cpu", true},
                   {"mem", true},
                   {"state"}});
  for (const v1::App& app : apps.apps()) AddApp(app, view, table);
  return table.ToText(view.style, view.width) + NotesText(apps, view);
}

std::string NotesText(const v1::ListAppsResponse& apps, const TableView& view) {
  std::string text;
  for (const std::string& note : AppNotes(apps, view.now)) {
    text += view.style.Paint(Colour::kYellow, note) + "\n";
  }
  return text;
}

std::string InstanceTable(const v1::ListAppsResponse& apps,
                          const TableView& view) {
  std::vector<TextTable::Column> columns = {{"instance", false, true},
                                            {"host", false, true},
                                            {"pid", true},
                                            {"rev", true},
                                            {"↺", true},
                                            {"uptime", true},
                                            {"cpu", true},
                                            {"mem", true}};
  if (view.wide) {
    columns.push_back({"gen", true});
    for (const char* title : {"mode", "namespace", "last exit"}) {
      columns.push_back({title});
    }
  }
  columns.push_back({"state", false, true});
  TextTable table(std::move(columns));
  for (const v1::App& app : apps.apps()) {
    for (const v1::HostApp& host : app.hosts()) {
      AddHost(app, host, view, table);
    }
  }
  return table.ToText(view.style, view.width);
}

std::string CpuText(double cores) {
  return absl::StrFormat("%.1f%%", cores * 100);
}

}  // namespace fleet::cli
