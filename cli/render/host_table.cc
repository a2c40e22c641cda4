#include "cli/render/host_table.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/render/age.h"
#include "cli/render/app_summary.h"
#include "cli/render/cordon_text.h"
#include "cli/render/text_table.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

StateText HostStateText(const v1::Host& host, absl::Time now) {
  switch (host.state()) {
    case v1::HOST_STATE_CONNECTED:
      if (host.has_cordon()) {
        return {CordonWord(host.cordon()), Colour::kYellow};
      }
      return {"connected", Colour::kGreen};
    case v1::HOST_STATE_DISCONNECTED:
      return {absl::StrCat("away ", AgeText(host.has_last_seen_time(),
                                            host.last_seen_time(), now)),
              Colour::kRed};
    case v1::HOST_STATE_CONFLICT:
      return {"conflict", Colour::kRed};
    case v1::HOST_STATE_UNSPECIFIED:
    case v1::HostState_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::HostState_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return {"unknown", Colour::kYellow};
}

std::string CellOr(const std::string& text) {
  return text.empty() ? "-" : text;
}

void AddHost(const v1::Host& host, const TableView& view, TextTable& table) {
  const StateText state = HostStateText(host, view.now);
  // In a conflict it is the other one that is refused.
  const bool connected =
      host.state() == v1::HOST_STATE_CONNECTED ||
      (host.state() == v1::HOST_STATE_CONFLICT && host.has_connect_time());
  const v1::HostUsage& usage = host.usage();
  const bool known = connected && host.has_usage();
  std::vector<TextTable::Cell> row = {
      {host.name(), Colour::kCyan},
      {state.text, state.colour},
      {absl::StrCat(host.instances_ready(), "/", host.instances()),
       connected ? Colour::kNone : Colour::kGrey},
      known ? absl::StrFormat("%.1f/%d", usage.cpu_cores(), host.cores())
            : absl::StrCat("-/", host.cores()),
      known ? absl::StrFormat("%.2f", usage.load1()) : "-",
      known ? absl::StrCat(HumanSize(usage.memory_used_bytes()), "/",
                           HumanSize(host.memory_bytes()))
            : absl::StrCat("-/", HumanSize(host.memory_bytes()))};
  if (view.wide) {
    const int64_t rss = usage.agent_rss_bytes() + usage.keeper_rss_bytes();
    row.insert(
        row.end(),
        {connected
             ? AgeText(host.has_connect_time(), host.connect_time(), view.now)
             : "-",
         AgeText(host.has_last_seen_time(), host.last_seen_time(), view.now),
         CellOr(host.agent_version()), CellOr(host.keeper_version()),
         CellOr(host.kernel()), CellOr(host.bind_address()),
         CellOr(host.peer()), HumanSize(rss)});
  }
  row.emplace_back(LabelsText(host));
  table.AddRow(std::move(row));
}

// What does not fit a column: why a host is not well, and versions that
// differ.
std::string HostNotes(const v1::ListHostsResponse& hosts, absl::Time now) {
  std::string notes;
  std::set<std::string> versions;
  for (const v1::Host& host : hosts.hosts()) {
    if (host.state() == v1::HOST_STATE_CONNECTED) {
      versions.insert(host.agent_version());
    }
    if (host.has_cordon()) {
      absl::StrAppend(
          &notes, Printable(CordonText(host.name(), host.cordon(), now)), "\n");
    }
    if (host.state() == v1::HOST_STATE_CONNECTED &&
        !host.usage().problem().empty()) {
      absl::StrAppend(&notes, host.name(), ": ",
                      Printable(host.usage().problem()), "\n");
    }
    if (host.state() == v1::HOST_STATE_CONFLICT) {
      absl::StrAppend(&notes, host.name(), ": ", Printable(host.reason()),
                      "\n");
    }
  }
  if (versions.size() > 1) {
    absl::StrAppend(
        &notes, "agents of several versions: ", absl::StrJoin(versions, ", "),
        "; fleetctl hosts -o wide shows which\n");
  }
  return notes;
}

}  // namespace

std::string HostTable(const v1::ListHostsResponse& hosts,
                      const TableView& view) {
  std::vector<TextTable::Column> columns = {
      {"name", false, true}, {"state"},      {"ready", true},
      {"cpu", true},         {"load", true}, {"mem", true}};
  if (view.wide) {
    columns.insert(columns.end(), {{"up", true},
                                   {"heard", true},
                                   {"agent"},
                                   {"keeper"},
                                   {"kernel"},
                                   {"address"},
                                   {"peer"},
                                   {"agent mem", true}});
  }
  columns.push_back({"labels", false, true});
  TextTable table(std::move(columns));
  for (const v1::Host& host : hosts.hosts()) AddHost(host, view, table);
  const std::string notes = HostNotes(hosts, view.now);
  return table.ToText(view.style, view.width) +
         (notes.empty() ? "" : view.style.Paint(Colour::kYellow, notes));
}

std::string LabelsText(const v1::Host& host) {
  const std::map<std::string, std::string> sorted(host.labels().begin(),
                                                  host.labels().end());
  if (sorted.empty()) return "-";
  return absl::StrJoin(sorted, ",", absl::PairFormatter("="));
}

}  // namespace fleet::cli
