#include "node_agent/keeper/spawn_request.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace fleet::keeper {
namespace {

// A number of a descriptor in a child; beyond it no program looks.
constexpr int kMaxChildFdNumber = 1023;

}  // namespace

SpawnRequest::~SpawnRequest() {
  free(pointers_);
  if (mapped_ != nullptr) munmap(mapped_, fixed_.payload_size);
}

SpawnRequest::Result SpawnRequest::Parse(Packet& packet) {
  if (packet.size < sizeof fixed_) return Result::kBad;
  memcpy(&fixed_, packet.bytes, sizeof fixed_);
  if (packet.fds_lost) {
    errno = EMFILE;
    return Result::kNoMemory;
  }
  bool in_bounds =
      fixed_.n_fds <= kMaxChildFds && fixed_.n_groups <= kMaxGroups &&
      fixed_.n_args >= 1 && fixed_.n_args <= kMaxStrings &&
      fixed_.n_env <= kMaxStrings && fixed_.payload_size <= kMaxPayload;
  if (!in_bounds) return Result::kBad;
  Result loaded = LoadPayload(packet);
  if (loaded != Result::kOk) return loaded;
  first_fd_ = (fixed_.flags & Spawn::kInMemfd) != 0 ? 1 : 0;
  if (!ParseFds(packet) || !ParseGroups()) return Result::kBad;
  child_.new_session = (fixed_.flags & Spawn::kNewSession) != 0;
  child_.set_ids = (fixed_.flags & Spawn::kSetIds) != 0;
  if ((fixed_.flags & Spawn::kAnswerBinds) != 0) {
    child_.bind_socket = packet.fds[packet.n_fds - 1];
  }
  child_.uid = fixed_.uid;
  child_.gid = fixed_.gid;
  return ParseStrings();
}

// The memfd is read, not mapped: the agent could shrink it under a mapping.
SpawnRequest::Result SpawnRequest::LoadPayload(Packet& packet) {
  if ((fixed_.flags & Spawn::kInMemfd) == 0) {
    if (packet.size != sizeof fixed_ + fixed_.payload_size) return Result::kBad;
    payload_ = packet.bytes + sizeof fixed_;
    return Result::kOk;
  }
  if (packet.size != sizeof fixed_ || packet.n_fds == 0 ||
      fixed_.payload_size == 0) {
    return Result::kBad;
  }
  void* memory = mmap(nullptr, fixed_.payload_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Result::kNoMemory;
  payload_ = mapped_ = static_cast<char*>(memory);
  for (size_t done = 0; done < fixed_.payload_size;) {
    ssize_t n = pread(packet.fds[0], mapped_ + done, fixed_.payload_size - done,
                      static_cast<off_t>(done));
    if (n <= 0) return Result::kBad;
    done += static_cast<size_t>(n);
  }
  return Result::kOk;
}

bool SpawnRequest::ParseFds(const Packet& packet) {
  size_t last = (fixed_.flags & Spawn::kAnswerBinds) != 0 ? 1 : 0;
  if (packet.n_fds != first_fd_ + fixed_.n_fds + last) return false;
  if (fixed_.payload_size < fixed_.n_fds * sizeof(int32_t)) return false;
  bool taken[kMaxChildFdNumber + 1] = {};
  for (size_t i = 0; i < fixed_.n_fds; ++i) {
    int32_t as;
    memcpy(&as, payload_ + at_, sizeof as);
    at_ += sizeof as;
    if (as == Spawn::kNotForChild) continue;
    if (as < 0 || as > kMaxChildFdNumber || taken[as]) return false;
    taken[as] = true;
    child_.fds[child_.n_fds++] = {packet.fds[first_fd_ + i], as};
  }
  return true;
}

bool SpawnRequest::ParseGroups() {
  size_t bytes = fixed_.n_groups * sizeof(gid_t);
  if (fixed_.payload_size - at_ < bytes) return false;
  // Aligned: all before it are 4-byte numbers.
  child_.groups = reinterpret_cast<const gid_t*>(payload_ + at_);
  child_.n_groups = fixed_.n_groups;
  at_ += bytes;
  return true;
}

char* SpawnRequest::NextString() {
  if (at_ >= fixed_.payload_size) return nullptr;
  char* start = payload_ + at_;
  void* end = memchr(start, '\0', fixed_.payload_size - at_);
  if (end == nullptr) return nullptr;
  at_ += static_cast<size_t>(static_cast<char*>(end) - start) + 1;
  return start;
}

bool SpawnRequest::FillStrings(char** to, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    to[i] = NextString();
    if (to[i] == nullptr) return false;
  }
  to[count] = nullptr;
  return true;
}

bool SpawnRequest::FillTexts(const char** to, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    to[i] = NextString();
    if (to[i] == nullptr || to[i][0] != '/') return false;
  }
  return true;
}

bool SpawnRequest::ParseConfinement() {
  Confinement& fixed = confinement_.fixed;
  if (fixed_.payload_size - at_ < sizeof fixed) return false;
  memcpy(&fixed, payload_ + at_, sizeof fixed);
  at_ += sizeof fixed;
  size_t rlimit_bytes = fixed.n_rlimits * sizeof(Rlimit);
  if (fixed.n_rlimits > kMaxRlimits || fixed.n_cgroups > kMaxCgroups ||
      fixed.n_read_only > kMaxReadOnlyPaths ||
      fixed_.payload_size - at_ < rlimit_bytes) {
    return false;
  }
  memcpy(confinement_.rlimits, payload_ + at_, rlimit_bytes);
  at_ += rlimit_bytes;
  child_.confinement = &confinement_;
  return FillTexts(confinement_.cgroups, fixed.n_cgroups) &&
         FillTexts(confinement_.read_only, fixed.n_read_only);
}

SpawnRequest::Result SpawnRequest::ParseStrings() {
  size_t tag_start = at_;
  tag_ = NextString();
  child_.executable = NextString();
  child_.cwd = NextString();
  if (child_.cwd == nullptr) return Result::kBad;
  tag_size_ = static_cast<size_t>(child_.executable - payload_) - tag_start - 1;
  if (tag_size_ > kMaxTag || child_.executable[0] != '/') return Result::kBad;
  if (child_.cwd[0] == '\0') child_.cwd = "/";
  size_t n_pointers = fixed_.n_args + fixed_.n_env + fixed_.n_fds + 3;
  pointers_ = static_cast<char**>(malloc(n_pointers * sizeof(char*)));
  if (pointers_ == nullptr) return Result::kNoMemory;
  child_.argv = pointers_;
  child_.envp = pointers_ + fixed_.n_args + 1;
  names_ = child_.envp + fixed_.n_env + 1;
  if (!FillStrings(child_.argv, fixed_.n_args) ||
      !FillStrings(child_.envp, fixed_.n_env) ||
      !FillStrings(names_, fixed_.n_fds)) {
    return Result::kBad;
  }
  for (size_t i = 0; i < fixed_.n_fds; ++i) {
    if (strlen(names_[i]) > kMaxName) return Result::kBad;
  }
  bool confined = (fixed_.flags & Spawn::kConfined) != 0;
  if (confined && !ParseConfinement()) return Result::kBad;
  if (at_ != fixed_.payload_size) return Result::kBad;
  for (char** entry = child_.envp; *entry != nullptr; ++entry) {
    if (strcmp(*entry, "LISTEN_PID=") == 0) child_.listen_pid = entry;
  }
  return Result::kOk;
}

}  // namespace fleet::keeper
