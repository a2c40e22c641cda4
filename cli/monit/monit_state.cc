#include "cli/monit/monit_state.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/render/app_summary.h"

namespace fleet::cli {
namespace {

bool Contains(const std::string& text, const std::string& filter) {
  return absl::StrContains(absl::AsciiStrToLower(text),
                           absl::AsciiStrToLower(filter));
}

bool Passes(const MonitState& state, const InstanceRow& row) {
  if (!state.only_host.empty() && row.key.host != state.only_host) return false;
  if (state.filter.empty()) return true;
  const std::string words =
      row.instance == nullptr
          ? "no workers"
          : absl::StrCat(row.key.app, ".", row.key.slot, " ",
                         InstanceStateText(row.instance->state()).text);
  return Contains(row.key.app, state.filter) ||
         Contains(row.key.host, state.filter) || Contains(words, state.filter);
}

}  // namespace

std::string OrderText(const MonitOrder& order) {
  const std::string hosts =
      order.hosts.empty() ? "all hosts" : absl::StrCat("host ", order.hosts);
  switch (order.kind) {
    case MonitOrder::Kind::kReload:
      return absl::StrCat("reload ", order.app, " on ", hosts);
    case MonitOrder::Kind::kRestart:
      return absl::StrCat("restart ", order.app, " on ", hosts);
    case MonitOrder::Kind::kStop:
      return absl::StrCat("stop ", order.app, " on ", hosts);
    case MonitOrder::Kind::kStart:
      return absl::StrCat("start ", order.app, " on ", hosts);
    case MonitOrder::Kind::kScaleUp:
      return absl::StrCat("one more worker of ", order.app, " on ", hosts);
    case MonitOrder::Kind::kScaleDown:
      return absl::StrCat("one worker less of ", order.app, " on ", hosts);
  }
  return "";
}

std::vector<InstanceRow> InstanceRows(const MonitState& state) {
  std::vector<InstanceRow> rows;
  for (const v1::App& app : state.apps.apps()) {
    for (const v1::HostApp& host : app.hosts()) {
      InstanceRow row;
      row.key = {app.name(), host.host(), -1};
      row.app = &app;
      row.host = &host;
      for (const v1::Instance& instance : host.status().instances()) {
        row.key.slot = instance.slot();
        row.instance = &instance;
        if (Passes(state, row)) rows.push_back(row);
      }
      if (host.status().instances().empty() && Passes(state, row)) {
        rows.push_back(row);
      }
    }
  }
  return rows;
}

std::vector<const v1::Host*> HostRows(const MonitState& state) {
  std::vector<const v1::Host*> rows;
  for (const v1::Host& host : state.hosts.hosts()) rows.push_back(&host);
  return rows;
}

size_t SelectedInstance(const MonitState& state,
                        const std::vector<InstanceRow>& rows) {
  const auto found =
      std::lower_bound(rows.begin(), rows.end(), state.selected,
                       [](const InstanceRow& row, const InstanceKey& key) {
                         return row.key < key;
                       });
  if (found == rows.end()) return rows.empty() ? 0 : rows.size() - 1;
  return static_cast<size_t>(found - rows.begin());
}

size_t SelectedHost(const MonitState& state,
                    const std::vector<const v1::Host*>& rows) {
  const auto found =
      std::lower_bound(rows.begin(), rows.end(), state.selected_host,
                       [](const v1::Host* row, const std::string& name) {
                         return row->name() < name;
                       });
  if (found == rows.end()) return rows.empty() ? 0 : rows.size() - 1;
  return static_cast<size_t>(found - rows.begin());
}

void SettleSelection(MonitState& state) {
  const auto rows = InstanceRows(state);
  state.selected =
      rows.empty() ? InstanceKey() : rows[SelectedInstance(state, rows)].key;
  const auto hosts = HostRows(state);
  state.selected_host =
      hosts.empty() ? "" : hosts[SelectedHost(state, hosts)]->name();
}

void AddLogs(const v1::TailLogsResponse& message, MonitState& state) {
  for (const v1::LogLine& line : message.lines()) {
    state.logs.push_back(line);
    if (state.logs.size() > kMonitLogLines) state.logs.pop_front();
  }
}

}  // namespace fleet::cli
