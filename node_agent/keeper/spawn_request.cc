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
  size_t first_fd = (fixed_.flags & Spawn::kInMemfd) != 0 ? 1 : 0;
  if (!ParseFds(packet, first_fd) || !ParseGroups()) return Result::kBad;
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

bool SpawnRequest::ParseFds(const Packet& packet, size_t first_fd) {
  size_t last = (fixed_.flags & Spawn::kAnswerBinds) != 0 ? 1 : 0;
  if (packet.n_fds != first_fd + fixed_.n_fds + last) return false;
  if (fixed_.payload_size < fixed_.n_fds * sizeof(int32_t)) return false;
  bool taken[kMaxChildFdNumber + 1] = {};
  for (size_t i = 0; i < fixed_.n_fds; ++i) {
    int32_t as;
    memcpy(&as, payload_ + at_, sizeof as);
    at_ += sizeof as;
    if (as < 0 || as > kMaxChildFdNumber || taken[as]) return false;
    taken[as] = true;
    child_.fds[i] = {packet.fds[first_fd + i], as};
  }
  child_.n_fds = fixed_.n_fds;
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

SpawnRequest::Result SpawnRequest::ParseStrings() {
  size_t tag_start = at_;
  tag_ = NextString();
  child_.executable = NextString();
  child_.cwd = NextString();
  if (child_.cwd == nullptr) return Result::kBad;
  tag_size_ = static_cast<size_t>(child_.executable - payload_) - tag_start - 1;
  if (tag_size_ > kMaxTag || child_.executable[0] != '/') return Result::kBad;
  if (child_.cwd[0] == '\0') child_.cwd = "/";
  size_t n_pointers = fixed_.n_args + fixed_.n_env + 2;
  pointers_ = static_cast<char**>(malloc(n_pointers * sizeof(char*)));
  if (pointers_ == nullptr) return Result::kNoMemory;
  child_.argv = pointers_;
  child_.envp = pointers_ + fixed_.n_args + 1;
  if (!FillStrings(child_.argv, fixed_.n_args) ||
      !FillStrings(child_.envp, fixed_.n_env) || at_ != fixed_.payload_size) {
    return Result::kBad;
  }
  for (char** entry = child_.envp; *entry != nullptr; ++entry) {
    if (strcmp(*entry, "LISTEN_PID=") == 0) child_.listen_pid = entry;
  }
  return Result::kOk;
}

}  // namespace fleet::keeper
