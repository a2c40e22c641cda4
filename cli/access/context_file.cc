#include "cli/access/context_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"

namespace fleet::cli {
namespace {

using nlohmann::json;

std::string PathIn(const std::string& folder) {
  return absl::StrCat(folder, "/contexts.json");
}

std::string TextOf(const json& object, const char* key) {
  auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace

const FleetContext* FleetContexts::Find(const std::string& name) const {
  auto it = std::find_if(all.begin(), all.end(),
                         [&](const auto& c) { return c.name == name; });
  return it == all.end() ? nullptr : &*it;
}

bool FleetContexts::Remove(const std::string& name) {
  if (current == name) current.clear();
  return std::erase_if(all, [&](const auto& c) { return c.name == name; }) > 0;
}

void FleetContexts::Put(FleetContext context) {
  std::erase_if(all, [&](const auto& c) { return c.name == context.name; });
  all.push_back(std::move(context));
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

std::string ConfigFolder(const Environment& env) {
  const std::string config = env("XDG_CONFIG_HOME");
  // The specification: a relative path is invalid and is not looked at.
  if (config.starts_with('/')) return config + "/fleet";
  return env("HOME") + "/.config/fleet";
}

absl::StatusOr<FleetContexts> ReadContexts(const std::string& folder) {
  absl::StatusOr<std::string> text = ReadWholeFile(PathIn(folder));
  if (absl::IsNotFound(text.status())) return FleetContexts();
  RETURN_IF_ERROR(text.status());
  const json file = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!file.is_object() || !file.contains("contexts") ||
      !file["contexts"].is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat(PathIn(folder),
                     " is not a list of contexts; remove it "
                     "and log in again (fleetctl login)"));
  }
  FleetContexts contexts;
  contexts.current = TextOf(file, "current");
  for (const json& entry : file["contexts"]) {
    if (!entry.is_object()) continue;
    contexts.Put({TextOf(entry, "name"), TextOf(entry, "address"),
                  TextOf(entry, "token"), TextOf(entry, "authority"),
                  TextOf(entry, "token_file"), TextOf(entry, "certificate"),
                  TextOf(entry, "key")});
  }
  return contexts;
}

absl::Status WriteContexts(const std::string& folder,
                           const FleetContexts& contexts) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return ErrnoStatus(error.value(), absl::StrCat("make folder ", folder));
  }
  chmod(folder.c_str(), 0700);
  json file = {{"current", contexts.current}, {"contexts", json::array()}};
  for (const FleetContext& context : contexts.all) {
    json entry = {{"name", context.name}, {"address", context.address}};
    for (const auto& [key, text] :
         {std::pair("token", context.token),
          std::pair("authority", context.authority),
          std::pair("token_file", context.token_file),
          std::pair("certificate", context.certificate),
          std::pair("key", context.key)}) {
      if (!text.empty()) entry[key] = text;
    }
    file["contexts"].push_back(std::move(entry));
  }
  return ReplaceFile(PathIn(folder), file.dump(2) + "\n", 0600);
}

}  // namespace fleet::cli
