#include "node_agent/log_rotation.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "node_agent/log_times.h"

namespace fleet::agent {
namespace {

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool IsTaken(const std::string& path, int number) {
  return Exists(RotatedPath(path, number, false)) ||
         Exists(RotatedPath(path, number, true));
}

}  // namespace

std::string RotatedPath(const std::string& path, int number, bool compressed) {
  return absl::StrCat(path, ".", number, compressed ? ".zst" : "");
}

std::vector<RotatedLog> RotatedLogs(const std::string& path) {
  std::vector<RotatedLog> logs;
  for (int number = 1, missing = 0; missing < kMostMissing; ++number) {
    ++missing;
    for (bool compressed : {true, false}) {
      std::string name = RotatedPath(path, number, compressed);
      if (!Exists(name)) continue;
      logs.push_back({std::move(name), number, compressed});
      missing = 0;
      break;
    }
  }
  return logs;
}

std::string PartPath(const std::string& path) {
  return absl::StrCat(path, ".zst-part");
}

int NumberOf(const std::string& path, LogFileId id) {
  for (int number = 1, missing = 0; missing < kMostMissing; ++number) {
    struct stat info {};
    if (stat(RotatedPath(path, number, false).c_str(), &info) == 0 &&
        id == LogFileId{info.st_dev, info.st_ino}) {
      return number;
    }
    missing = IsTaken(path, number) ? 0 : missing + 1;
  }
  return 0;
}

void RemoveLeftOver(const std::string& path, const std::string& times_folder) {
  for (const RotatedLog& log : RotatedLogs(path)) {
    if (!log.compressed) continue;
    LogRotation::Remove(RotatedPath(path, log.number, false), times_folder);
  }
}

int64_t LogRotation::Remove(const std::string& path,
                            const std::string& times_folder) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || unlink(path.c_str()) != 0) return -1;
  unlink(LogTimes::PathOf(times_folder, {info.st_dev, info.st_ino}).c_str());
  return info.st_size;
}

bool LogRotation::Rotate(int max_files) const {
  if (max_files == 0) return Remove(path_, times_folder_) >= 0;
  // Only as many move up as have to, so that trying again costs none of them.
  int free = 1;
  while (IsTaken(path_, free)) ++free;
  for (int number = free - 1; number >= 1; --number) {
    for (bool compressed : {false, true}) {
      std::string name = RotatedPath(path_, number, compressed);
      if (number >= max_files) {
        Remove(name, times_folder_);
      } else {
        std::rename(name.c_str(),
                    RotatedPath(path_, number + 1, compressed).c_str());
      }
    }
  }
  return std::rename(path_.c_str(), RotatedPath(path_, 1, false).c_str()) == 0;
}

RemovedLogs LogRotation::RemoveAll() const {
  RemovedLogs removed;
  unlink(PartPath(path_).c_str());
  for (int number = 1, missing = 0; missing < kMostMissing; ++number) {
    ++missing;
    for (bool compressed : {false, true}) {
      int64_t bytes =
          Remove(RotatedPath(path_, number, compressed), times_folder_);
      if (bytes < 0) continue;
      missing = 0;
      ++removed.files;
      removed.bytes += bytes;
    }
  }
  return removed;
}

}  // namespace fleet::agent
