#include "cli/render/host_table.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/render/age.h"
#include "cli/render/app_summary.h"
#include "cli/render/text_table.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

StateText HostStateText(const v1::Host& host, absl::Time now) {
  StateText state = {"unknown", Colour::kYellow};
  if (host.state() == v1::HOST_STATE_CONNECTED) {
    state = {"connected", Colour::kGreen};
  } else if (host.state() == v1::HOST_STATE_DISCONNECTED) {
    state = {absl::StrCat(
                 "disconnected, last heard ",
                 AgeText(host.has_last_seen_time(), host.last_seen_time(), now),
                 " ago"),
             Colour::kRed};
  } else if (host.state() == v1::HOST_STATE_CONFLICT) {
    state = {"conflict", Colour::kRed};
  }
  if (!host.reason().empty()) absl::StrAppend(&state.text, ": ", host.reason());
  return state;
}

std::vector<TextTable::Cell> HostRow(const v1::Host& host, absl::Time now) {
  const StateText state = HostStateText(host, now);
  const bool connected = host.state() == v1::HOST_STATE_CONNECTED;
  const v1::HostUsage& usage = host.usage();
  const bool known = connected && host.has_usage();
  return {{host.name(), Colour::kCyan},
          {state.text, state.colour},
          {absl::StrCat(host.instances_ready(), "/", host.instances()),
           connected ? Colour::kNone : Colour::kGrey},
          known ? absl::StrFormat("%.1f/%d", usage.cpu_cores(), host.cores())
                : absl::StrCat("-/", host.cores()),
          known ? absl::StrCat(HumanSize(usage.memory_used_bytes()), "/",
                               HumanSize(host.memory_bytes()))
                : absl::StrCat("-/", HumanSize(host.memory_bytes())),
          connected ? AgeText(host.has_connect_time(), host.connect_time(), now)
                    : "-",
          LabelsText(host)};
}

}  // namespace

std::string HostTable(const v1::ListHostsResponse& hosts, bool wide,
                      absl::Time now, const TextStyle& style) {
  std::vector<TextTable::Column> columns = {
      {"name"},      {"state"},    {"ready", true}, {"cpu", true},
      {"mem", true}, {"up", true}, {"labels"}};
  if (wide) {
    for (const char* title :
         {"address", "peer", "agent", "keeper", "kernel", "agent mem"}) {
      columns.push_back({title});
    }
  }
  TextTable table(std::move(columns));
  for (const v1::Host& host : hosts.hosts()) {
    std::vector<TextTable::Cell> row = HostRow(host, now);
    if (wide) {
      const int64_t rss =
          host.usage().agent_rss_bytes() + host.usage().keeper_rss_bytes();
      for (const std::string& text :
           {host.bind_address(), host.peer(), host.agent_version(),
            host.keeper_version(), host.kernel(), HumanSize(rss)}) {
        row.emplace_back(text.empty() ? "-" : text);
      }
    }
    table.AddRow(std::move(row));
  }
  return table.ToText(style);
}

std::string LabelsText(const v1::Host& host) {
  const std::map<std::string, std::string> sorted(host.labels().begin(),
                                                  host.labels().end());
  if (sorted.empty()) return "-";
  return absl::StrJoin(sorted, ",", absl::PairFormatter("="));
}

}  // namespace fleet::cli
