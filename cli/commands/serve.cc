#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/commands/apply_specs.h"
#include "cli/commands/commands.h"

namespace fleet::cli {
namespace {

constexpr int kDefaultPort = 8080;

bool HasEntry(const Value& map, std::string_view key) {
  for (const ValueEntry& entry : map.entries) {
    if (entry.key == key) return true;
  }
  return false;
}

}  // namespace

// Python's own server of files, as an app like any other.
ExitCode RunServe(const CommandContext& context) {
  const std::vector<std::string>& words = context.line.names;
  const std::string folder =
      std::filesystem::absolute(words.empty() ? "." : words[0])
          .lexically_normal()
          .string();
  int port = kDefaultPort;
  if (words.size() > 1 &&
      (!absl::SimpleAtoi(words[1], &port) || port < 1 || port > 65535)) {
    return FailUsage(context, absl::StrCat("serve PATH PORT: \"", words[1],
                                           "\" is no port"));
  }
  SpecFileOptions options = SpecFileOptionsOf(context);
  Value& spec = options.overrides;
  if (!HasEntry(spec, "name")) {
    SetEntry(spec, "name", TextValue(absl::StrCat("static-", port)));
  }
  if (!HasEntry(spec, "cwd")) SetEntry(spec, "cwd", TextValue(folder));
  SetEntry(spec, "interpreter", TextValue("none"));
  SetEntry(spec, "args",
           TextListValue({"-m", "http.server", absl::StrCat(port)}));
  return ApplySpecs(context, SpecOfScript("python3", options));
}

}  // namespace fleet::cli
