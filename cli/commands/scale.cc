#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/app_names.h"
#include "cli/commands/app_waiter.h"
#include "cli/commands/commands.h"

namespace fleet::cli {
namespace {

constexpr size_t kMostNames = 5;

// "4", "+2", "-1", "max".
bool ReadCount(const std::string& text, v1::ScaleAppRequest& request) {
  if (text == "max") return true;
  int count = 0;
  if (text.empty() || !absl::SimpleAtoi(text, &count)) return false;
  request.set_instances(count);
  request.set_relative(text[0] == '+' || text[0] == '-');
  return true;
}

// "to 4 on each host", "to 4 on host-1, 2 on host-2 and host-3".
std::string ScaledTo(const std::vector<const v1::HostApp*>& hosts) {
  std::map<int, std::vector<std::string>> by_count;
  for (const v1::HostApp* host : hosts) {
    by_count[host->status().desired_instances()].push_back(host->host());
  }
  if (by_count.size() == 1) {
    return absl::StrCat(
        "to ", by_count.begin()->first,
        hosts.size() == 1 ? " on " + hosts[0]->host() : " on each host");
  }
  std::vector<std::string> parts;
  for (const auto& [count, names] : by_count) {
    const size_t more = names.size() - std::min(names.size(), kMostNames);
    parts.push_back(absl::StrCat(
        count, " on ",
        absl::StrJoin(names.begin(),
                      names.end() - static_cast<std::ptrdiff_t>(more), " "),
        more > 0 ? absl::StrCat(" and ", more, " more") : ""));
  }
  return absl::StrCat("to ", absl::StrJoin(parts, ", "));
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
                     {LacksReady, HostFailure, "scaled", ScaledTo});
}

}  // namespace fleet::cli
