#include "absl/strings/str_join.h"
#include "cli/commands/commands.h"
#include "cli/render/host_table.h"

namespace fleet::cli {
namespace {

absl::StatusOr<v1::ListHostsResponse> ListAllHosts(
    FleetClient& client, v1::ListHostsRequest request) {
  v1::ListHostsResponse all;
  for (;;) {
    auto page = client.Call(request);
    if (!page.ok()) return page.status();
    all.mutable_hosts()->MergeFrom(page->hosts());
    if (page->next_page_token().empty()) return all;
    request.set_page_token(page->next_page_token());
  }
}

}  // namespace

ExitCode RunHosts(const CommandContext& context) {
  v1::ListHostsRequest request;
  request.set_selector(context.line.names.empty()
                           ? context.line.hosts
                           : absl::StrJoin(context.line.names, ","));
  const auto hosts = ListAllHosts(context.client, request);
  if (!hosts.ok()) return Fail(context, hosts.status());
  if (PrintMessage(context, *hosts)) return ExitCode::kSuccess;
  if (context.line.output == OutputFormat::kName) {
    for (const v1::Host& host : hosts->hosts()) {
      context.out << host.name() << "\n";
    }
    return ExitCode::kSuccess;
  }
  if (hosts->hosts_size() == 0) {
    context.err << "no hosts; an agent joins by connecting to this controller"
                << std::endl;
    return ExitCode::kSuccess;
  }
  context.out << HostTable(*hosts, context.line.output == OutputFormat::kWide,
                           context.clock.WallNow(), context.out_style);
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
