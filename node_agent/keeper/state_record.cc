#include "node_agent/keeper/state_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "node_agent/keeper/stderr_line.h"

namespace fleet::keeper {
namespace {

constexpr char kStateMagic[8] = {'F', 'L', 'E', 'E', 'T', 'K', 'S', '1'};
constexpr char kNewStateName[] = "keeper.state.new";
constexpr int64_t kRetryMs = 5000;
constexpr size_t kHeaderBytes = 512;

struct ProcessSlot {
  uint32_t sum;
  uint32_t used;
  SavedProcess process;
  char tag[StateRecord::kMaxRecordedTag];
};

struct HeldSlot {
  uint32_t sum;
  uint32_t used;
  SavedHeld held;
  char name[kMaxName + 1];
};

constexpr off_t kHeldStart =
    kHeaderBytes + static_cast<off_t>(kMaxProcesses * sizeof(ProcessSlot));

// FNV-1a over all after the sum.
template <typename T>
uint32_t SumOf(const T& slot) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&slot);
  uint32_t sum = 2166136261u;
  for (size_t i = sizeof slot.sum; i < sizeof slot; ++i) {
    sum = (sum ^ bytes[i]) * 16777619u;
  }
  return sum;
}

off_t ProcessOffset(size_t index) {
  return kHeaderBytes + static_cast<off_t>(index * sizeof(ProcessSlot));
}

off_t HeldOffset(size_t index) {
  return kHeldStart + static_cast<off_t>(index * sizeof(HeldSlot));
}

template <typename T>
bool WriteSlot(int fd, T& slot, off_t offset) {
  slot.sum = SumOf(slot);
  ssize_t n = pwrite(fd, &slot, sizeof slot, offset);
  if (n >= 0 && n != sizeof slot) errno = ENOSPC;
  return n == sizeof slot;
}

// A hole, beyond the end or never written, is an unused slot. False: damaged.
template <typename T>
bool ReadSlot(int fd, T& slot, off_t offset) {
  slot = {};
  ssize_t n = pread(fd, &slot, sizeof slot, offset);
  if (n < 0) return false;
  if (slot.used == 0 && slot.sum == 0) return true;
  return n == sizeof slot && slot.sum == SumOf(slot);
}

// What another keeper may have left there.
template <typename T>
bool ClearSlot(int fd, off_t offset) {
  T slot;
  if (ReadSlot(fd, slot, offset) && slot.used == 0) return true;
  slot = {};
  return WriteSlot(fd, slot, offset);
}

// False: errno. True too where the file system cannot take any beforehand.
bool TakeRoom(int fd) {
  return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, HeldOffset(kMaxHeld)) == 0 ||
         errno == EOPNOTSUPP || errno == ENOSYS;
}

// Tells a file from a copy of it; not 0, unless that cannot be told.
uint32_t PlaceOf(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return 0;
  uint64_t place = info.st_ino * 0x9e3779b97f4a7c15u + info.st_dev;
  return static_cast<uint32_t>(place >> 32 ^ place) | 1;
}

void ReadBootId(char* id, size_t size) {
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? 0 : read(fd, id, size - 1);
  if (fd >= 0) close(fd);
  id[n > 0 ? n : 0] = '\0';
}

}  // namespace

struct StateRecord::Header {
  uint32_t sum;
  uint32_t place;  // PlaceOf; 0: written by a keeper that did not say it.
  char magic[8];
  char boot_id[40];
  uint64_t newest_id;
};

bool StateRecord::Open(int dir) {
  ReadBootId(boot_id_, sizeof boot_id_);
  dir_ = dir;
  fd_ = openat(dir, kStateName, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  return fd_ >= 0;
}

void StateRecord::Resume(int fd) {
  ReadBootId(boot_id_, sizeof boot_id_);
  fd_ = fd;
  begun_ = true;
}

StateRecord::Found StateRecord::Load(ProcessTable& table, HeldVisitor visit,
                                     void* context) {
  Found found;
  if (LoadHeader()) {
    bool processes_whole = LoadProcesses(table, found);
    bool held_whole = LoadHeld(visit, context, found);
    found.complete = processes_whole && held_whole;
    if (!found.complete) {
      StderrLine("%s is damaged: what it does not name is lost", kStateName);
      loaded_newest_id_ = 0;
    }
  }
  return found;
}

// False: there is none, or of an earlier boot, which has left nothing, or of
// another keeper, which may well live.
bool StateRecord::LoadHeader() {
  Header header{};
  if (boot_id_[0] == '\0' ||
      pread(fd_, &header, sizeof header, 0) != sizeof header ||
      header.sum != SumOf(header) ||
      memcmp(header.magic, kStateMagic, sizeof kStateMagic) != 0 ||
      strncmp(header.boot_id, boot_id_, sizeof boot_id_) != 0) {
    return false;
  }
  copied_ = header.place != 0 && header.place != PlaceOf(fd_);
  if (copied_) {
    StderrLine("%s is a copy: what its original names is left alone",
               kStateName);
    return false;
  }
  loaded_newest_id_ = newest_id_ = header.newest_id;
  return true;
}

bool StateRecord::LoadProcesses(ProcessTable& table, Found& found) {
  bool whole = true;
  for (size_t i = 0; i < kMaxProcesses; ++i) {
    ProcessSlot slot;
    if (!ReadSlot(fd_, slot, ProcessOffset(i)) ||
        slot.process.tag_size > sizeof slot.tag) {
      whole = false;
      continue;
    }
    if (slot.used == 0) continue;
    Process* process = slot.process.AddTo(table, slot.tag);
    if (process == nullptr) continue;
    ++found.processes;
    // Whoever's child it is now, it is not ours.
    process->is_child = process->tree_gone = false;
    if (process->ended) continue;
    int pidfd = static_cast<int>(syscall(SYS_pidfd_open, process->pid, 0));
    if (pidfd >= 0 && ReadStartTicks(process->pid) == process->start_ticks) {
      process->pidfd = pidfd;
      continue;
    }
    if (pidfd >= 0) close(pidfd);
    process->ended = true;
    process->exit_kind = ExitKind::kUnknown;
    process->exit_value = 0;
  }
  return whole;
}

bool StateRecord::LoadHeld(HeldVisitor visit, void* context, Found& found) {
  bool whole = true;
  for (size_t i = 0; i < kMaxHeld; ++i) {
    HeldSlot slot;
    if (!ReadSlot(fd_, slot, HeldOffset(i)) || slot.held.name_size > kMaxName) {
      whole = false;
      continue;
    }
    if (slot.used == 0) continue;
    ++found.held;
    visit(context, slot.held, slot.name);
  }
  return whole;
}

void StateRecord::Begin(ProcessTable& processes, FdStore& store,
                        int64_t now_ms) {
  if (begun_ || fd_ < 0) return;
  begun_ = true;
  int old = fd_;
  fd_ =
      openat(dir_, kNewStateName, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool done = fd_ >= 0 && TakeRoom(fd_) && WriteChanges(processes, store) &&
              WriteHeader() &&
              renameat(dir_, kNewStateName, dir_, kStateName) == 0;
  if (done) {
    close(old);
    return;
  }
  // There is room for one file (the disk is full): in the old one, which is
  // true no longer.
  if (fd_ >= 0) close(fd_);
  unlinkat(dir_, kNewStateName, 0);
  fd_ = old;
  // If it has any: it is the one that is kept from now on.
  [[maybe_unused]] bool room = TakeRoom(fd_);
  if (!WriteOver(processes, store)) Fail(now_ms);
}

// Not cut, since it would have to get its room anew.
bool StateRecord::WriteOver(ProcessTable& processes, FdStore& store) {
  Header none{};
  if (pwrite(fd_, &none, sizeof none, 0) != sizeof none) return false;
  processes.NoteAllChanged();
  store.NoteAllChanged();
  bool done = WriteChanges(processes, store);
  for (size_t i = processes.limit(); done && i < kMaxProcesses; ++i) {
    done = ClearSlot<ProcessSlot>(fd_, ProcessOffset(i));
  }
  for (size_t i = store.limit(); done && i < kMaxHeld; ++i) {
    done = ClearSlot<HeldSlot>(fd_, HeldOffset(i));
  }
  return done && WriteHeader();
}

bool StateRecord::WriteHeader() {
  Header header{};
  header.place = PlaceOf(fd_);
  memcpy(header.magic, kStateMagic, sizeof kStateMagic);
  memcpy(header.boot_id, boot_id_, sizeof boot_id_);
  header.newest_id = newest_id_;
  if (!WriteSlot(fd_, header, 0)) return false;
  written_newest_id_ = newest_id_;
  return true;
}

bool StateRecord::WriteProcess(const ProcessTable& processes, size_t index) {
  const Process& process = *processes.at(index);
  ProcessSlot slot{};
  if (process.used && process.tag_size <= sizeof slot.tag) {
    slot.used = 1;
    slot.process = SavedProcess::Of(process);
    memcpy(slot.tag, process.tag, process.tag_size);
    if (process.id > newest_id_) newest_id_ = process.id;
  }
  return WriteSlot(fd_, slot, ProcessOffset(index));
}

bool StateRecord::WriteHeld(const FdStore& store, size_t index) {
  const FdStore::Entry& entry = store.at(index);
  HeldSlot slot{};
  if (entry.name != nullptr) {
    slot.used = 1;
    slot.held = SavedHeld::Of(entry);
    memcpy(slot.name, entry.name, entry.size);
  }
  return WriteSlot(fd_, slot, HeldOffset(index));
}

void StateRecord::Clear() {
  if (fd_ >= 0 && ftruncate(fd_, 0) != 0) return;
}

bool StateRecord::WriteChanges(ProcessTable& processes, FdStore& store) {
  bool done = true;
  size_t index;
  while (done && processes.TakeChanged(&index)) {
    done = WriteProcess(processes, index);
  }
  while (done && store.TakeChanged(&index)) done = WriteHeld(store, index);
  return done;
}

void StateRecord::Flush(ProcessTable& processes, FdStore& store,
                        int64_t now_ms) {
  if (fd_ < 0 || !begun_) return;
  if (broken_) {
    if (now_ms < retry_ms_) return;
    processes.NoteAllChanged();
    store.NoteAllChanged();
  }
  bool done = WriteChanges(processes, store);
  // Last, since it also says that the rest can be believed.
  if (done && (broken_ || newest_id_ != written_newest_id_)) {
    done = WriteHeader();
  }
  if (!done) return Fail(now_ms);
  if (broken_) StderrLine("%s is written again", kStateName);
  broken_ = false;
}

void StateRecord::Fail(int64_t now_ms) {
  if (!broken_) {
    StderrLine(
        "cannot write %s: %s; should this keeper and its agent be killed "
        "together now, the workers will be started anew",
        kStateName, strerror(errno));
  }
  broken_ = true;
  retry_ms_ = now_ms + kRetryMs;
  // The header has its place on the disk already.
  Header none{};
  if (pwrite(fd_, &none, sizeof none, 0) < 0 && ftruncate(fd_, 0) != 0) return;
}

}  // namespace fleet::keeper
