#include "node_agent/cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr char kPrefix[] = "fleet-w";
constexpr mode_t kFolderMode = 0755;
constexpr int kPeriodMicros = 100'000;  // The kernel's default.
constexpr int kMaxMoves = 10;
constexpr absl::string_view kControllers[] = {"memory", "cpu", "cpuacct",
                                              "pids", ""};

std::string ReadFile(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> block;
  ssize_t n = 0;
  while (fd.valid() && (n = read(fd.get(), block.data(), block.size())) > 0) {
    text.append(block.data(), static_cast<size_t>(n));
  }
  return text;
}

absl::Status WriteFile(const std::string& path, absl::string_view text) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.valid() && write(fd.get(), text.data(), text.size()) ==
                        static_cast<ssize_t>(text.size())) {
    return absl::OkStatus();
  }
  return ErrnoStatus(errno, absl::StrCat("write ", text, " to ", path));
}

std::vector<std::string> V2Controllers(const std::string& folder) {
  std::string text = ReadFile(folder + "/cgroup.controllers");
  return absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
}

std::vector<pid_t> ReadProcs(const std::string& folder) {
  std::vector<pid_t> pids;
  std::string text = ReadFile(folder + "/cgroup.procs");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(line, &pid) && pid > 0) pids.push_back(pid);
  }
  return pids;
}

// The number after `name` at the start of a line; 0: there is none.
int64_t ReadNumber(const std::string& text, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    int64_t number = 0;
    if (absl::ConsumePrefix(&line, name) && absl::ConsumePrefix(&line, " ") &&
        absl::SimpleAtoi(line, &number)) {
      return number;
    }
  }
  return 0;
}

// Somebody has given us this group to make others below.
bool IsDelegated(const std::string& folder) {
  for (const char* name : {"trusted.delegate", "user.delegate"}) {
    char value = '0';
    if (getxattr(folder.c_str(), name, &value, 1) == 1 && value == '1') {
      return true;
    }
  }
  return false;
}

}  // namespace

CgroupTree::CgroupTree()
    : places_(FindCgroupPlaces(ReadFile("/proc/self/cgroup"),
                               ReadFile("/proc/self/mountinfo"),
                               &V2Controllers)) {
  std::erase_if(places_, [](const auto& entry) {
    return access(entry.second.folder.c_str(), W_OK) != 0;
  });
  RemoveStale();
}

int CgroupTree::VersionOf(const std::string& controller) const {
  auto place = places_.find(controller);
  return place == places_.end() ? 0 : place->second.version;
}

std::string CgroupTree::FolderOf(WorkerId id,
                                 const std::string& controller) const {
  auto place = places_.find(controller);
  return place == places_.end()
             ? ""
             : absl::StrCat(place->second.folder, "/", kPrefix, id);
}

std::vector<std::string> CgroupTree::Wanted(const Limits& limits) const {
  std::vector<std::string> wanted;
  auto add = [&](bool asked, const char* controller) {
    if (asked && VersionOf(controller) != 0) wanted.emplace_back(controller);
  };
  add(limits.memory_max_bytes > 0 || limits.memory_high_bytes > 0, "memory");
  add(limits.cpu_cores > 0, "cpu");
  add(limits.pids > 0, "pids");
  if (wanted.empty()) return wanted;
  // With a group at all, the tree is accounted for and killed by it.
  add(VersionOf("cpu") != 2, "cpuacct");
  add(true, "memory");
  add(true, "");
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  return wanted;
}

absl::Status CgroupTree::MoveToLeaf(const std::string& folder) {
  std::string leaf = absl::StrCat(folder, "/", ToAbsl(kLeafName));
  if (mkdir(leaf.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, absl::StrCat("make ", leaf));
  }
  // What starts meanwhile comes with the next look.
  for (int i = 0; i < kMaxMoves; ++i) {
    std::vector<pid_t> pids = ReadProcs(folder);
    if (pids.empty()) return absl::OkStatus();
    for (pid_t pid : pids) {
      absl::Status moved = WriteFile(leaf + "/cgroup.procs", absl::StrCat(pid));
      if (!moved.ok() && !absl::IsNotFound(moved)) return moved;
    }
  }
  return absl::UnavailableError(absl::StrCat(folder, " does not get empty"));
}

absl::Status CgroupTree::Delegate() {
  if (std::exchange(delegated_, true)) return absl::OkStatus();
  std::string wanted;
  std::string folder;
  for (const char* controller : {"memory", "cpu", "pids"}) {
    if (VersionOf(controller) != 2) continue;
    absl::StrAppend(&wanted, wanted.empty() ? "+" : " +", controller);
    folder = places_.at(controller).folder;
  }
  if (wanted.empty()) return absl::OkStatus();
  std::string control = folder + "/cgroup.subtree_control";
  absl::Status status = WriteFile(control, wanted);
  if (!status.ok() && IsDelegated(folder)) {
    status = MoveToLeaf(folder);
    if (status.ok()) status = WriteFile(control, wanted);
  }
  if (status.ok()) return status;
  // As if there were no v2: said by VersionOf from here on.
  std::erase_if(places_, [](const auto& entry) {
    return entry.second.version == 2 && !entry.first.empty();
  });
  return Annotate(status,
                  "this cgroup is not delegated (systemd: Delegate=yes)");
}

absl::StatusOr<std::vector<std::string>> CgroupTree::Make(
    WorkerId id, const Limits& limits) {
  std::vector<std::string> wanted = Wanted(limits);
  if (wanted.empty()) return wanted;
  if (!Delegate().ok()) wanted = Wanted(limits);
  Groups& groups = groups_[id];
  for (const std::string& controller : wanted) {
    std::string folder = FolderOf(id, controller);
    if (mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
      absl::Status status = ErrnoStatus(errno, absl::StrCat("make ", folder));
      Remove(id);
      return status;
    }
    groups[controller] = folder;
  }
  absl::Status written = WriteLimits(groups, limits);
  if (!written.ok()) {
    Remove(id);
    return written;
  }
  return ProcsFiles(id);
}

std::vector<std::string> CgroupTree::ProcsFiles(WorkerId id) const {
  std::vector<std::string> procs;
  auto groups = groups_.find(id);
  if (groups == groups_.end()) return procs;
  // Several controllers may share a folder.
  std::set<std::string> folders;
  for (const auto& [controller, folder] : groups->second) {
    if (folders.insert(folder).second)
      procs.push_back(folder + "/cgroup.procs");
  }
  return procs;
}

absl::Status CgroupTree::WriteLimits(const Groups& groups,
                                     const Limits& limits) const {
  auto write = [&](bool asked, const char* controller, const char* v2_file,
                   const char* v1_file, const std::string& value) {
    auto group = groups.find(controller);
    if (!asked || group == groups.end()) return absl::OkStatus();
    bool v2 = VersionOf(controller) == 2;
    return WriteFile(absl::StrCat(group->second, "/", v2 ? v2_file : v1_file),
                     value);
  };
  bool max = limits.memory_max_bytes > 0;
  RETURN_IF_ERROR(write(max, "memory", "memory.max", "memory.limit_in_bytes",
                        absl::StrCat(limits.memory_max_bytes)));
  RETURN_IF_ERROR(write(limits.memory_high_bytes > 0, "memory", "memory.high",
                        "memory.soft_limit_in_bytes",
                        absl::StrCat(limits.memory_high_bytes)));
  // An instance ends as a whole.
  if (max && VersionOf("memory") == 2) {
    WriteFile(groups.at("memory") + "/memory.oom.group", "1").IgnoreError();
  }
  auto quota = static_cast<int64_t>(limits.cpu_cores * kPeriodMicros);
  RETURN_IF_ERROR(
      write(limits.cpu_cores > 0, "cpu", "cpu.max", "cpu.cfs_quota_us",
            VersionOf("cpu") == 2 ? absl::StrCat(quota, " ", kPeriodMicros)
                                  : absl::StrCat(quota)));
  return write(limits.pids > 0, "pids", "pids.max", "pids.max",
               absl::StrCat(limits.pids));
}

void CgroupTree::Adopt(WorkerId id) {
  Groups groups;
  for (absl::string_view name : kControllers) {
    std::string controller(name);
    std::string folder = FolderOf(id, controller);
    if (!folder.empty() && access(folder.c_str(), F_OK) == 0) {
      groups[controller] = folder;
    }
  }
  if (!groups.empty()) groups_[id] = std::move(groups);
}

std::string CgroupTree::GroupOf(WorkerId id,
                                const std::string& controller) const {
  auto groups = groups_.find(id);
  if (groups == groups_.end()) return "";
  auto group = groups->second.find(controller);
  return group == groups->second.end() ? "" : group->second;
}

std::vector<pid_t> CgroupTree::Processes(WorkerId id) const {
  auto groups = groups_.find(id);
  if (groups == groups_.end()) return {};
  // Any of them has all.
  return ReadProcs(groups->second.begin()->second);
}

int CgroupTree::Kill(WorkerId id) {
  std::vector<pid_t> pids = Processes(id);
  if (pids.empty()) return 0;
  const std::string& folder = groups_.at(id).begin()->second;
  // v2 kills all at once, also what is being born.
  if (!WriteFile(folder + "/cgroup.kill", "1").ok()) {
    for (pid_t pid : pids) kill(pid, SIGKILL);
  }
  return static_cast<int>(pids.size());
}

std::optional<absl::Duration> CgroupTree::Cpu(WorkerId id) const {
  bool v2 = VersionOf("cpu") == 2;
  std::string folder = GroupOf(id, v2 ? "cpu" : "cpuacct");
  if (folder.empty()) return std::nullopt;
  if (v2) {
    return absl::Microseconds(
        ReadNumber(ReadFile(folder + "/cpu.stat"), "usage_usec"));
  }
  int64_t nanos = 0;
  if (!absl::SimpleAtoi(ReadFile(folder + "/cpuacct.usage"), &nanos)) {
    return std::nullopt;
  }
  return absl::Nanoseconds(nanos);
}

int64_t CgroupTree::OutOfMemoryKills(WorkerId id) const {
  std::string folder = GroupOf(id, "memory");
  if (folder.empty()) return 0;
  bool v2 = VersionOf("memory") == 2;
  return ReadNumber(
      ReadFile(folder + (v2 ? "/memory.events" : "/memory.oom_control")),
      "oom_kill");
}

void CgroupTree::Remove(WorkerId id) {
  auto groups = groups_.extract(id);
  if (groups.empty()) return;
  for (const auto& [controller, folder] : groups.mapped()) {
    rmdir(folder.c_str());  // Several controllers may share it.
  }
}

void CgroupTree::RemoveStale() {
  std::set<std::string> folders;
  for (const auto& [controller, place] : places_) folders.insert(place.folder);
  for (const std::string& folder : folders) {
    std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), closedir);
    while (const dirent* entry =
               dir == nullptr ? nullptr : readdir(dir.get())) {
      absl::string_view name = entry->d_name;
      WorkerId id = 0;
      if (!absl::ConsumePrefix(&name, kPrefix) ||
          !absl::SimpleAtoi(name, &id)) {
        continue;
      }
      // One with processes in it does not go.
      rmdir(absl::StrCat(folder, "/", entry->d_name).c_str());
    }
  }
}

}  // namespace fleet::agent
