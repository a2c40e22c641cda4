#include "node_agent/log_space.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <limits>

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

}  // namespace fleet::agent
