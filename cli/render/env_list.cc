#include "cli/render/env_list.h"

#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fleet::cli {
namespace {

std::string PerInstance(std::optional<int> slot, int64_t first) {
  if (!slot) {
    return first == 0 ? "<instance>" : absl::StrCat("<", first, " + instance>");
  }
  return absl::StrCat(first + *slot);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> EnvOf(
    const AppSpec& spec, std::optional<int> slot) {
  std::map<std::string, std::string> env = spec.env;
  for (const auto& [name, secret] : spec.secrets) {
    env[name] = absl::StrCat("<secret ", secret, ">");
  }
  if (spec.port != 0) env["PORT"] = absl::StrCat(spec.port);
  if (!spec.instance_var.empty()) env[spec.instance_var] = PerInstance(slot, 0);
  const auto rising = env.find(spec.increment_var);
  int64_t first = 0;
  if (rising != env.end() && absl::SimpleAtoi(rising->second, &first)) {
    rising->second = PerInstance(slot, first);
  }
  env["FLEET_APP"] = spec.name;
  env["FLEET_INSTANCE"] = PerInstance(slot, 0);
  env["FLEET_GENERATION"] = "<generation>";
  env["FLEET_HOST"] = "<host>";
  return {env.begin(), env.end()};
}

}  // namespace fleet::cli
