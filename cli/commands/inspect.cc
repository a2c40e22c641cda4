#include <signal.h>

#include "cli/commands/commands.h"
#include "cli/commands/instance_orders.h"

namespace fleet::cli {

// SIGUSR1 is how Node is asked to open its inspector, on 127.0.0.1:9229 of its
// host; two workers on one host would want the same port.
ExitCode RunInspect(const CommandContext& context) {
  const auto chosen = ResolveInstances(context, context.line.names);
  if (!chosen.ok()) return Fail(context, chosen.status());
  if (chosen->size() != 1 || !(*chosen)[0].slot) {
    return FailUsage(context, "inspect takes one instance, e.g. web.0");
  }
  v1::SignalAppRequest request;
  request.set_signal(SIGUSR1);
  const ExitCode code =
      OrderInstances(context, context.line.names, request, "got SIGUSR1");
  if (code != ExitCode::kSuccess) return code;
  context.err << "If it is a Node program, its inspector listens on "
                 "127.0.0.1:9229 of its host:\n"
                 "  ssh -L 9229:127.0.0.1:9229 HOST, then chrome://inspect\n"
                 "It stays open until the worker ends; fleetctl logs shows "
                 "its address."
              << std::endl;
  return code;
}

}  // namespace fleet::cli
