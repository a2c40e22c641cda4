#include <signal.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/commands/instance_orders.h"
#include "proto/rpc/app_spec_proto.h"

namespace fleet::cli {
namespace {

// SIGUSR1 ends most programs that are not Node.
absl::Status CheckIsNode(const CommandContext& context, const ChosenApp& app) {
  v1::GetAppRequest request;
  request.set_name(app.name);
  const auto response = context.client.Call(request);
  if (!response.ok()) return response.status();
  const AppSpec spec = FromProto(response->app().spec());
  if (IsNode(spec)) return absl::OkStatus();
  const std::string runs = spec.interpreter == "none"
                               ? absl::StrCat(spec.script, " itself")
                               : absl::StrCat("by ", spec.interpreter);
  return absl::FailedPreconditionError(absl::StrCat(
      app.name, " is not run by node but ", runs,
      ": SIGUSR1, which opens Node's inspector, ends most other programs. "
      "Nothing was sent. If it is Node all the same: fleetctl signal SIGUSR1 ",
      app.Text()));
}

}  // namespace

// SIGUSR1 is how Node is asked to open its inspector, on 127.0.0.1:9229 of its
// host; two workers on one host would want the same port.
ExitCode RunInspect(const CommandContext& context) {
  const auto chosen = ResolveInstances(context, context.line.names);
  if (!chosen.ok()) return Fail(context, chosen.status());
  if (chosen->size() != 1 || !(*chosen)[0].slot) {
    return FailUsage(context, "inspect takes one instance, e.g. web.0");
  }
  if (const absl::Status node = CheckIsNode(context, chosen->front());
      !node.ok()) {
    return Fail(context, node);
  }
  v1::SignalAppRequest request;
  request.set_signal(SIGUSR1);
  const ExitCode code =
      OrderInstances(context, context.line.names, request, "got SIGUSR1");
  if (code != ExitCode::kSuccess) return code;
  context.err << "Its inspector listens on 127.0.0.1:9229 of its host:\n"
                 "  ssh -L 9229:127.0.0.1:9229 HOST, then chrome://inspect\n"
                 "It stays open until the worker ends; fleetctl logs shows "
                 "its address."
              << std::endl;
  return code;
}

}  // namespace fleet::cli
