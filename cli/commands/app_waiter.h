// Waits until the hosts report what was ordered without a rollout.
#ifndef FLEET_CLI_COMMANDS_APP_WAITER_H_
#define FLEET_CLI_COMMANDS_APP_WAITER_H_

#include <functional>
#include <string>
#include <vector>

#include "cli/app_choice.h"
#include "cli/commands/command_context.h"
#include "fleet/v1/app.pb.h"

namespace fleet::cli {

// What one host still lacks; empty: nothing.
using HostLacks =
    std::function<std::string(const v1::App& app, const v1::HostApp& host)>;

// No worker of a stopped app lives.
std::string LacksStop(const v1::App& app, const v1::HostApp& host);
// Every instance that the controller wants there is ready (or has ended as a
// job does), and no more run.
std::string LacksReady(const v1::App& app, const v1::HostApp& host);

// Why waiting for anything is in vain: the host did not take the order.
std::string HostRefusal(const v1::App& app, const v1::HostApp& host);
// And why for readiness, e.g. "web.2 is in a crash loop".
std::string HostFailure(const v1::App& app, const v1::HostApp& host);

struct Awaited {
  HostLacks lacks;
  // Why waiting is in vain; empty: it is not.
  HostLacks failure;
  // What is said in the end, e.g. "stopped".
  std::string done;
  // And of what is there then, e.g. "to 4 on each host"; null: nothing.
  std::function<std::string(const std::vector<const v1::HostApp*>&)> detail =
      nullptr;
};

// Asks for `apps` five times a second until no connected host (of --hosts)
// lacks anything, and says "APP: DONE" for each on stderr; hosts that are away
// are named and not waited for. An app that is no longer known is done. Without
// --wait it returns at once. --timeout and Ctrl-C end it as they end a
// rollout's watch.
// Of one that is a single instance, only that is seen, as if its app had no
// other.
ExitCode WaitForApps(const CommandContext& context,
                     const std::vector<ChosenApp>& apps,
                     const Awaited& awaited);

// Workers that end, and workers that get ready.
Awaited Stopped();
Awaited Started();

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_APP_WAITER_H_
