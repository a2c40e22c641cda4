#include "cli/commands/commands.h"
#include "cli/commands/host_names.h"

namespace fleet::cli {

ExitCode RunHostsRemove(const CommandContext& context) {
  ExitCode code = ExitCode::kSuccess;
  for (const std::string& word : context.line.names) {
    const auto hosts = ResolveHostNames(context, word);
    if (!hosts.ok()) return Worse(code, Fail(context, hosts.status()));
    for (const std::string& host : *hosts) {
      v1::DeleteHostRequest request;
      request.set_name(host);
      const auto response = context.client.Call(request);
      if (response.ok()) {
        context.out << host << ": removed\n";
      } else {
        code = Worse(code, Fail(context, response.status()));
      }
    }
  }
  return code;
}

}  // namespace fleet::cli
