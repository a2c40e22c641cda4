#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "cli/commands/app_names.h"
#include "cli/commands/app_waiter.h"
#include "cli/commands/commands.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

absl::Status OrderStop(const CommandContext& context, const ChosenApp& app,
                       size_t count) {
  v1::StopAppRequest request;
  request.set_name(app.name);
  if (app.slot) request.set_slot(*app.slot);
  request.set_hosts(context.line.hosts);
  request.set_request_id(RequestIdOf(context, app.Text(), count));
  return context.client.Call(request).status();
}

// Letters, digits and dashes, from a letter on; no id, glob or path.
bool LooksLikeAName(const std::string& word) {
  return word != "all" && absl::ascii_isalpha(word[0]) &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_';
         });
}

}  // namespace

ExitCode RunStop(const CommandContext& context) {
  const std::vector<std::string>& words = context.line.names;
  // A name goes before all else that a word may mean, and most words are one:
  // nothing has to be looked up then.
  if (words.size() == 1 && !words[0].empty() && LooksLikeAName(words[0])) {
    const ChosenApp app{words[0], std::nullopt};
    const absl::Status stopped = OrderStop(context, app, 1);
    if (stopped.ok()) return WaitForApps(context, {app}, Stopped());
    if (!absl::IsNotFound(stopped) && !absl::IsPermissionDenied(stopped)) {
      return Fail(context, stopped);
    }
  }
  const auto apps = ResolveInstances(context, context.line.names);
  if (!apps.ok()) return Fail(context, apps.status());
  for (const ChosenApp& app : *apps) {
    const absl::Status stopped = OrderStop(context, app, apps->size());
    if (!stopped.ok()) return Fail(context, stopped);
  }
  return WaitForApps(context, *apps, Stopped());
}

}  // namespace fleet::cli
