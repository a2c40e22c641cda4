#include "node_agent/cgroup_place.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

struct CgroupMount {
  bool v2 = false;
  std::string root;   // Of the hierarchy, what is seen here.
  std::string point;  // Where.
  std::vector<std::string> options;
};

// Fields of proc(5), mountinfo: … (4) root (5) mount point … - type source
// super-options.
std::vector<CgroupMount> ParseMounts(std::string_view text) {
  std::vector<CgroupMount> mounts;
  for (absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    std::vector<absl::string_view> halves = absl::StrSplit(line, " - ");
    if (halves.size() != 2) continue;
    std::vector<std::string> first = absl::StrSplit(halves[0], ' ');
    std::vector<std::string> second = absl::StrSplit(halves[1], ' ');
    if (first.size() < 5 || second.size() < 3) continue;
    CgroupMount mount;
    mount.v2 = second[0] == "cgroup2";
    if (!mount.v2 && second[0] != "cgroup") continue;
    mount.root = first[3];
    mount.point = first[4];
    mount.options = absl::StrSplit(second[2], ',');
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

// Our own group's folder; empty: it is not to be seen through this mount.
std::string FolderOf(const CgroupMount& mount, absl::string_view group) {
  if (mount.root != "/" && !absl::ConsumePrefix(&group, mount.root)) return "";
  if (!group.empty() && group[0] != '/') return "";
  while (!group.empty() && group.back() == '/') group.remove_suffix(1);
  std::string leaf = absl::StrCat("/", ToAbsl(kLeafName));
  absl::ConsumeSuffix(&group, leaf);
  return absl::StrCat(mount.point, group);
}

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::map<std::string, CgroupPlace> FindCgroupPlaces(
    std::string_view self, std::string_view mounts,
    std::vector<std::string> (*v2_controllers)(const std::string& folder)) {
  std::map<std::string, CgroupPlace> places;
  std::vector<CgroupMount> all = ParseMounts(mounts);
  for (absl::string_view line : absl::StrSplit(ToAbsl(self), '\n')) {
    // "4:memory:/group", and "0::/group" of v2.
    std::vector<std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    bool v2 = parts[1].empty();
    std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    for (const CgroupMount& mount : all) {
      if (mount.v2 != v2 || (!v2 && !Has(mount.options, controllers[0]))) {
        continue;
      }
      std::string folder = FolderOf(mount, parts[2]);
      if (folder.empty()) continue;
      if (v2) {
        controllers = v2_controllers(folder);
        controllers.emplace_back("");
      }
      for (const std::string& controller : controllers) {
        places.emplace(controller, CgroupPlace{v2 ? 2 : 1, folder});
      }
      break;
    }
  }
  return places;
}

}  // namespace fleet::agent
