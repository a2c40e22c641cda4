#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/commands/app_names.h"
#include "cli/commands/app_waiter.h"
#include "cli/commands/commands.h"

namespace fleet::cli {
namespace {

// "4", "+2", "-1", "max".
bool ReadCount(const std::string& text, v1::ScaleAppRequest& request) {
  if (text == "max") return true;
  int count = 0;
  if (text.empty() || !absl::SimpleAtoi(text, &count)) return false;
  request.set_instances(count);
  request.set_relative(text[0] == '+' || text[0] == '-');
  return true;
}

}  // namespace

ExitCode RunScale(const CommandContext& context) {
  std::vector<std::string> words = context.line.names;
  const std::string count = words.back();
  words.pop_back();
  v1::ScaleAppRequest request;
  if (!ReadCount(count, request)) {
    return FailUsage(context, absl::StrCat("scale APP N: expected a number, "
                                           "+N, -N or max, found \"",
                                           count, "\""));
  }
  const auto apps = ResolveAppNames(context, words);
  if (!apps.ok()) return Fail(context, apps.status());
  for (const std::string& app : *apps) {
    request.set_name(app);
    request.set_hosts(context.line.hosts);
    request.set_request_id(RequestIdOf(context, app, apps->size()));
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
  }
  return WaitForApps(context, AsChosen(*apps),
                     {LacksReady, HostFailure, "scaled"});
}

}  // namespace fleet::cli
