#include "node_agent/keeper/handover.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "node_agent/keeper/saved_entry.h"

namespace fleet::keeper {
namespace {

constexpr char kFileMagic[8] = {'F', 'L', 'E', 'E', 'T', 'K', 'H', 'O'};

struct Head {
  char magic[8];
  uint32_t version;
  uint32_t n_processes;
  uint32_t n_held;
  uint32_t reserved;
  KeeperState state;
};

bool WriteAll(int fd, const void* bytes, size_t size) {
  return write(fd, bytes, size) == static_cast<ssize_t>(size);
}

bool ReadAll(int fd, void* bytes, size_t size) {
  return read(fd, bytes, size) == static_cast<ssize_t>(size);
}

bool SetInherited(int fd, bool inherited) {
  return fd < 0 || fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC) == 0;
}

bool SetAllInherited(bool inherited, const KeeperState& state,
                     const ProcessTable& processes, const FdStore& store) {
  bool done = SetInherited(state.listener, inherited);
  done &= SetInherited(state.lock, inherited);
  done &= SetInherited(state.record, inherited);
  done &= SetInherited(state.agent_pidfd, inherited);
  for (size_t i = 0; i < processes.limit(); ++i) {
    const Process& process = *processes.at(i);
    if (process.used) done &= SetInherited(process.pidfd, inherited);
  }
  for (size_t i = 0; i < store.limit(); ++i) {
    if (store.at(i).name != nullptr) {
      done &= SetInherited(store.at(i).fd, inherited);
    }
  }
  return done;
}

bool WriteTables(int fd, const KeeperState& state,
                 const ProcessTable& processes, const FdStore& store) {
  Head head{};
  memcpy(head.magic, kFileMagic, sizeof kFileMagic);
  head.version = kHandoverVersion;
  head.state = state;
  for (size_t i = 0; i < processes.limit(); ++i) {
    if (processes.at(i)->used) ++head.n_processes;
  }
  for (size_t i = 0; i < store.limit(); ++i) {
    if (store.at(i).name != nullptr) ++head.n_held;
  }
  bool done = WriteAll(fd, &head, sizeof head);
  for (size_t i = 0; done && i < processes.limit(); ++i) {
    const Process& process = *processes.at(i);
    if (!process.used) continue;
    SavedProcess saved = SavedProcess::Of(process);
    done = WriteAll(fd, &saved, sizeof saved) &&
           WriteAll(fd, process.tag, process.tag_size);
  }
  for (size_t i = 0; done && i < store.limit(); ++i) {
    const FdStore::Entry& entry = store.at(i);
    if (entry.name == nullptr) continue;
    SavedHeld saved = SavedHeld::Of(entry);
    done = WriteAll(fd, &saved, sizeof saved) &&
           WriteAll(fd, entry.name, entry.size);
  }
  return done;
}

bool ReadProcess(int fd, ProcessTable& processes) {
  SavedProcess saved;
  char tag[kMaxTag];
  if (!ReadAll(fd, &saved, sizeof saved) || saved.tag_size > sizeof tag ||
      !ReadAll(fd, tag, saved.tag_size)) {
    return false;
  }
  Process* process = saved.AddTo(processes, tag);
  if (process == nullptr) return false;
  process->pidfd = saved.pidfd;
  return true;
}

bool ReadHeld(int fd, FdStore& store) {
  SavedHeld saved;
  char name[kMaxName];
  return ReadAll(fd, &saved, sizeof saved) && saved.name_size <= sizeof name &&
         ReadAll(fd, name, saved.name_size) &&
         store.Hold(name, saved.name_size, saved.owner, saved.fd) == 0;
}

}  // namespace

int WriteHandover(const KeeperState& state, const ProcessTable& processes,
                  const FdStore& store) {
  int fd = memfd_create("fleet-keeper-handover", 0);
  if (fd < 0) return -1;
  if (WriteTables(fd, state, processes, store) &&
      SetAllInherited(true, state, processes, store)) {
    return fd;
  }
  int error_number = errno;
  UndoHandover(fd, state, processes, store);
  errno = error_number;
  return -1;
}

void UndoHandover(int fd, const KeeperState& state,
                  const ProcessTable& processes, const FdStore& store) {
  SetAllInherited(false, state, processes, store);
  close(fd);
}

bool ReadHandover(int fd, KeeperState* state, ProcessTable& processes,
                  FdStore& store) {
  Head head;
  if (lseek(fd, 0, SEEK_SET) != 0 || !ReadAll(fd, &head, sizeof head) ||
      memcmp(head.magic, kFileMagic, sizeof kFileMagic) != 0 ||
      head.version != kHandoverVersion) {
    return false;
  }
  bool done = true;
  for (uint32_t i = 0; done && i < head.n_processes; ++i) {
    done = ReadProcess(fd, processes);
  }
  for (uint32_t i = 0; done && i < head.n_held; ++i) done = ReadHeld(fd, store);
  *state = head.state;
  close(fd);
  return SetAllInherited(false, head.state, processes, store) && done;
}

}  // namespace fleet::keeper
