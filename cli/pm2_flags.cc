#include "cli/pm2_flags.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

struct Pm2Flag {
  std::string_view name;
  bool has_value = false;
  // Empty: it is left out, with a note.
  std::string_view instead = "";
};

constexpr Pm2Flag kPm2Flags[] = {
    // PM2's own services, and another system's.
    {"--no-vizion"},
    {"--no-automation"},
    {"--no-pmx"},
    {"--trace"},
    {"--disable-trace"},
    {"--v8"},
    {"--event-loop-inspector"},
    {"--deep-monitoring"},
    {"--disable-source-map-support"},
    // What is so here without being asked for.
    {"--update-env"},
    {"--filter-env", true},
    {"--force"},
    {"--silent"},
    {"--mini-list"},
    {"--execute-command"},
    {"-a"},
    {"-f"},
    {"-s"},
    {"-m"},
    {"-x"},
    {"--source-map-support", false, "--node-args=--enable-source-maps"},
    {"--format", false, "--json"},
    {"--ext", true, "--watch with --ignore-watch"},
    {"--no-daemon", false, "fleet-keeper with fleet-agent in the foreground"},
};

const Pm2Flag* FindPm2Flag(std::string_view name, bool changes_apps) {
  for (const Pm2Flag& flag : kPm2Flags) {
    const bool letter = !flag.name.starts_with("--");
    if (flag.name == name && (changes_apps || !letter)) return &flag;
  }
  return nullptr;
}

}  // namespace

absl::Status TakePm2Flags(const std::vector<std::string>& known,
                          bool changes_apps, std::vector<std::string>& args,
                          std::vector<std::string>& taken) {
  std::vector<std::string> left;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string name = args[i].substr(0, args[i].find('='));
    const Pm2Flag* flag = FindPm2Flag(name, changes_apps);
    if (flag == nullptr ||
        std::find(known.begin(), known.end(), name) != known.end()) {
      left.push_back(args[i]);
      continue;
    }
    if (!flag->instead.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, " of PM2 is not there; use ", ToAbsl(flag->instead)));
    }
    taken.push_back(name);
    if (flag->has_value && name == args[i]) ++i;
  }
  args = std::move(left);
  return absl::OkStatus();
}

}  // namespace fleet::cli
