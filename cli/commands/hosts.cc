#include "absl/strings/str_join.h"
#include "cli/commands/commands.h"
#include "cli/commands/host_names.h"
#include "cli/render/host_table.h"

namespace fleet::cli {
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
    if (request.selector().empty() || request.selector() == "all") {
      context.err << "no hosts; an agent joins by connecting to this controller"
                  << std::endl;
    } else {
      context.err << "no host matches \"" << Printable(request.selector())
                  << "\"; fleetctl hosts shows those there are" << std::endl;
    }
    return ExitCode::kSuccess;
  }
  context.out << HostTable(*hosts, ViewOf(context));
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
