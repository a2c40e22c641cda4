#include "node_agent/worker_facts.h"

#include <dirent.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

constexpr size_t kLongestCommand = 500;
constexpr size_t kMostBytes = 64 << 10;
constexpr int64_t kLargestForPss = int64_t{256} << 20;

std::string ReadFactsFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  return text;
}

std::string ReadLink(const std::string& path) {
  std::array<char, 4096> target = {};
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<size_t>(size)) : "";
}

std::string UserName(uid_t uid) {
  std::array<char, 4096> buffer = {};
  passwd entry = {};
  passwd* found = nullptr;
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? absl::StrCat(uid) : std::string(found->pw_name);
}

class FactReader {
 public:
  FactReader(pid_t pid, const std::vector<pid_t>& tree)
      : folder_(absl::StrCat("/proc/", pid, "/")), pid_(pid), tree_(tree) {}

  std::vector<Fact> Read() {
    ReadStatus();
    AddCommand();
    Add("cwd", ReadLink(folder_ + "cwd"));
    AddUser();
    AddProcesses();
    AddOpenFiles();
    AddMemory();
    AddLimits();
    AddCgroup();
    AddPriorities();
    AddRestrictions();
    return std::move(facts_);
  }

 private:
  void Add(std::string name, std::string value) {
    if (!value.empty()) facts_.push_back({std::move(name), std::move(value)});
  }

  // "Name:\tvalue" lines of /proc/PID/status.
  void ReadStatus() {
    for (const absl::string_view line :
         absl::StrSplit(ReadFactsFile(folder_ + "status"), '\n')) {
      const std::vector<std::string> parts =
          absl::StrSplit(line, absl::MaxSplits(':', 1));
      if (parts.size() != 2) continue;
      status_[parts[0]] = std::string(absl::StripAsciiWhitespace(parts[1]));
    }
  }

  // Of "123 kB".
  int64_t Kilobytes(const std::string& name) const {
    const auto found = status_.find(name);
    if (found == status_.end()) return 0;
    absl::string_view text = found->second;
    absl::ConsumeSuffix(&text, " kB");
    int64_t value = 0;
    return absl::SimpleAtoi(text, &value) ? value << 10 : 0;
  }

  void AddCommand() {
    std::string command = ReadFactsFile(folder_ + "cmdline");
    while (!command.empty() && command.back() == '\0') command.pop_back();
    std::replace(command.begin(), command.end(), '\0', ' ');
    if (command.size() > kLongestCommand) {
      command.resize(kLongestCommand);
      command += " …";
    }
    Add("command", command);
  }

  void AddUser() {
    const std::vector<std::string> ids =
        absl::StrSplit(status_["Uid"], '\t', absl::SkipEmpty());
    uid_t uid = 0;
    if (ids.empty() || !absl::SimpleAtoi(ids[0], &uid)) return;
    Add("user", UserName(uid));
  }

  void AddProcesses() {
    Add("processes",
        absl::StrCat(tree_.size(), " in its tree, ", status_["Threads"],
                     " threads in the main one"));
  }

  void AddOpenFiles() {
    DIR* files = opendir((folder_ + "fd").c_str());
    if (files == nullptr) return;
    int count = -2;  // "." and ".."
    while (readdir(files) != nullptr) ++count;
    closedir(files);
    Add("open files", absl::StrCat(count, " of ", LimitText(RLIMIT_NOFILE)));
  }

  void AddMemory() {
    const int64_t rss = Kilobytes("VmRSS");
    std::string text = absl::StrCat(HumanSize(rss), " resident, at most ",
                                    HumanSize(Kilobytes("VmHWM")));
    if (rss > 0 && rss <= kLargestForPss) {
      for (const absl::string_view line :
           absl::StrSplit(ReadFactsFile(folder_ + "smaps_rollup"), '\n')) {
        absl::string_view rest = line;
        int64_t kilobytes = 0;
        if (!absl::ConsumePrefix(&rest, "Pss:")) continue;
        absl::ConsumeSuffix(&rest, " kB");
        if (absl::SimpleAtoi(rest, &kilobytes)) {
          absl::StrAppend(&text, ", ", HumanSize(kilobytes << 10),
                          " its share (PSS)");
        }
      }
    }
    const int64_t swapped = Kilobytes("VmSwap");
    if (swapped > 0) {
      absl::StrAppend(&text, ", ", HumanSize(swapped), " swapped out");
    }
    Add("memory", text);
  }

  std::string LimitText(int resource) const {
    rlimit limit = {};
    if (prlimit(pid_, static_cast<__rlimit_resource>(resource), nullptr,
                &limit) != 0) {
      return "?";
    }
    return limit.rlim_cur == RLIM_INFINITY ? "no limit"
                                           : absl::StrCat(limit.rlim_cur);
  }

  void AddLimits() {
    Add("limits",
        absl::StrCat("open files ", LimitText(RLIMIT_NOFILE), ", processes ",
                     LimitText(RLIMIT_NPROC), ", core ", LimitText(RLIMIT_CORE),
                     ", address space ", LimitText(RLIMIT_AS)));
  }

  // A value of a cgroup file, or "" for none and for what means no limit.
  static std::string GroupValue(const std::string& path) {
    std::string value(absl::StripAsciiWhitespace(ReadFactsFile(path)));
    int64_t number = 0;
    if (value == "max" || value == "-1" || value.starts_with("max ")) return "";
    // v1 says "no limit" as the largest number of pages.
    if (absl::SimpleAtoi(value, &number) && number > (int64_t{1} << 60)) {
      return "";
    }
    return value;
  }

  static void AddGroupLimits(const std::string& folder,
                             const char* const* names,
                             std::vector<std::string>& limits) {
    for (const char* const* name = names; *name != nullptr; ++name) {
      const std::string value = GroupValue(absl::StrCat(folder, "/", *name));
      if (!value.empty()) limits.push_back(absl::StrCat(*name, " ", value));
    }
  }

  void AddCgroup() {
    static const char* const kV2[] = {"memory.max", "memory.high", "cpu.max",
                                      "pids.max", nullptr};
    static const char* const kMemory[] = {
        "memory.limit_in_bytes", "memory.soft_limit_in_bytes", nullptr};
    static const char* const kCpu[] = {"cpu.cfs_quota_us", nullptr};
    static const char* const kPids[] = {"pids.max", nullptr};
    std::vector<std::string> limits;
    std::string place;
    for (const absl::string_view line :
         absl::StrSplit(ReadFactsFile(folder_ + "cgroup"), '\n')) {
      const std::vector<std::string> parts =
          absl::StrSplit(line, absl::MaxSplits(':', 2));
      if (parts.size() != 3) continue;
      const std::string& controller = parts[1];
      const std::string& path = parts[2];
      if (controller.empty()) {
        if (place.empty()) place = absl::StrCat("v2 ", path);
        AddGroupLimits("/sys/fs/cgroup" + path, kV2, limits);
      } else if (controller == "memory") {
        place = absl::StrCat("v1 ", path);
        AddGroupLimits("/sys/fs/cgroup/memory" + path, kMemory, limits);
      } else if (controller.find("cpu") == 0 &&
                 controller.find("cpuset") != 0) {
        AddGroupLimits("/sys/fs/cgroup/cpu" + path, kCpu, limits);
      } else if (controller == "pids") {
        AddGroupLimits("/sys/fs/cgroup/pids" + path, kPids, limits);
      }
    }
    Add("cgroup", limits.empty()
                      ? place
                      : absl::StrCat(place, ": ", absl::StrJoin(limits, ", ")));
  }

  void AddPriorities() {
    errno = 0;
    const int nice = getpriority(PRIO_PROCESS, static_cast<id_t>(pid_));
    const std::string score(
        absl::StripAsciiWhitespace(ReadFactsFile(folder_ + "oom_score_adj")));
    std::vector<std::string> parts;
    if (errno == 0 && nice != 0) parts.push_back(absl::StrCat("nice ", nice));
    if (!score.empty() && score != "0") {
      parts.push_back(absl::StrCat("oom_score_adj ", score));
    }
    Add("priority", absl::StrJoin(parts, ", "));
  }

  void AddRestrictions() {
    std::vector<std::string> parts;
    if (status_["NoNewPrivs"] == "1") {
      parts.emplace_back("no new privileges");
    }
    if (status_["Seccomp"] == "2") parts.emplace_back("a seccomp filter");
    const std::string capabilities = status_["CapEff"];
    if (!capabilities.empty() &&
        capabilities.find_first_not_of('0') != capabilities.npos) {
      parts.push_back(absl::StrCat("capabilities ", capabilities));
    }
    Add("restrictions", absl::StrJoin(parts, ", "));
  }

  const std::string folder_;
  const pid_t pid_;
  const std::vector<pid_t>& tree_;
  std::map<std::string, std::string> status_;
  std::vector<Fact> facts_;
};

}  // namespace

std::vector<Fact> ReadWorkerFacts(pid_t pid, const std::vector<pid_t>& tree) {
  return FactReader(pid, tree).Read();
}

}  // namespace fleet::agent
