#include "node_agent/log_space.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

constexpr int64_t kMostReserve = 64 << 20;
constexpr int64_t kReserveShare = 50;  // One of so many bytes.

}  // namespace

int64_t LogReserve(int64_t file_system_bytes) {
  return std::min(kMostReserve, file_system_bytes / kReserveShare);
}

int64_t BytesBeyondReserve(int fd, int64_t* reserve) {
  struct statvfs disk {};
  if (fstatvfs(fd, &disk) != 0) return std::numeric_limits<int64_t>::max();
  auto block = static_cast<int64_t>(disk.f_frsize);
  int64_t kept = LogReserve(static_cast<int64_t>(disk.f_blocks) * block);
  if (reserve != nullptr) *reserve = kept;
  return static_cast<int64_t>(disk.f_bavail) * block - kept;
}

std::string SpaceProblem(const std::string& folder, int64_t free_bytes,
                         int64_t file_system_bytes) {
  if (free_bytes >= LogReserve(file_system_bytes)) return "";
  return absl::StrCat(
      "No space left on device: ", HumanSize(free_bytes), " of ",
      HumanSize(file_system_bytes), " are free in ", folder,
      ". Workers go on and are restarted; log lines are lost and changes may "
      "be "
      "refused until there is room, which ends both by itself: df -h ",
      folder, ", du -xh ", folder, ", fleetctl flush APP");
}

std::string SpaceProblemOf(const std::string& folder) {
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return "";
  auto block = static_cast<int64_t>(disk.f_frsize);
  return SpaceProblem(folder, static_cast<int64_t>(disk.f_bavail) * block,
                      static_cast<int64_t>(disk.f_blocks) * block);
}

}  // namespace fleet::agent
