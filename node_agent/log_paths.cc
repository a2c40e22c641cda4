#include "node_agent/log_paths.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

namespace fs = std::filesystem;

// An app's name as the name of a folder.
std::string FolderName(const std::string& app) {
  std::string name = absl::StrReplaceAll(app, {{"/", "_"}});
  return name == "." || name == ".." ? "_" + name : name;
}

std::string StreamSuffix(LogStreamKind stream) {
  return stream == LogStreamKind::kOut ? "out.log" : "err.log";
}

// Makes `link` point to `path`; a log file that was there stays as *.old.
void Link(const fs::path& link, const fs::path& path) {
  std::error_code ignored;
  if (fs::is_symlink(link, ignored)) {
    if (fs::read_symlink(link, ignored) == path) return;
    fs::remove(link, ignored);
  } else if (fs::exists(link, ignored)) {
    fs::rename(link, fs::path(link) += ".old", ignored);
  }
  fs::create_symlink(path, link, ignored);
}

// "3-out.log", "err.log"; nothing for all else (rotated files too).
std::optional<LogPlace> ParseName(std::string_view name) {
  LogPlace place;
  for (LogStreamKind stream : {LogStreamKind::kOut, LogStreamKind::kErr}) {
    std::string suffix = StreamSuffix(stream);
    if (!name.ends_with(suffix)) continue;
    place.origin.stream = stream;
    name.remove_suffix(suffix.size());
    if (name.empty()) {
      place.origin.slot = LogSelection::kAnySlot;
      return place;
    }
    if (!name.ends_with('-')) return std::nullopt;
    name.remove_suffix(1);
    if (!absl::SimpleAtoi(ToAbsl(name), &place.origin.slot))
      return std::nullopt;
    return place;
  }
  return std::nullopt;
}

std::vector<fs::path> Entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    entries.push_back(it->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace

std::vector<std::string> LogPaths::Resolve(const LogOrigin& origin,
                                           const LogPolicy& policy) const {
  const std::string slot = absl::StrCat(origin.slot);
  const bool of_all = policy.merge || origin.slot == LogSelection::kAnySlot;
  const std::string prefix = of_all ? "" : slot + "-";
  fs::path folder = fs::path(log_dir_) / FolderName(origin.app);
  fs::path standard = folder / (prefix + StreamSuffix(origin.stream));
  std::string path = origin.stream == LogStreamKind::kOut ? policy.out_file
                                                          : policy.error_file;
  std::error_code ignored;
  std::vector<std::string> paths;
  if (path.empty()) {
    // The folder is made with the file, when there is something to write.
    if (fs::is_symlink(standard, ignored)) fs::remove(standard, ignored);
    paths.push_back(standard);
  } else {
    fs::create_directories(folder, ignored);
    paths.push_back(absl::StrReplaceAll(path, {{"%i", slot}}));
    Link(standard, paths[0]);
  }
  std::string both = policy.log_file == kAutoLogFile
                         ? (folder / (prefix + "all.log")).string()
                         : absl::StrReplaceAll(policy.log_file, {{"%i", slot}});
  if (!both.empty() && both != paths[0]) paths.push_back(std::move(both));
  return paths;
}

std::vector<LogPlace> LogPaths::Find(const LogSelection& selection) const {
  std::vector<LogPlace> places;
  std::set<std::string> seen;
  std::error_code ignored;
  for (const fs::path& folder : Entries(log_dir_)) {
    std::string app = folder.filename();
    for (const fs::path& file : Entries(folder)) {
      std::optional<LogPlace> place = ParseName(file.filename().native());
      if (!place.has_value()) continue;
      place->origin.app = app;
      if (!selection.Matches(place->origin)) continue;
      place->path = fs::is_symlink(file, ignored)
                        ? fs::read_symlink(file, ignored).string()
                        : file.string();
      if (seen.insert(place->path).second) places.push_back(*place);
    }
  }
  return places;
}

}  // namespace fleet::agent
