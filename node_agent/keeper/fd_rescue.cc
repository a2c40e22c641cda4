#include "node_agent/keeper/fd_rescue.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "node_agent/keeper/stderr_line.h"

namespace fleet::keeper {
namespace {

constexpr size_t kMaxLines = 10;

// O_RDONLY, O_WRONLY or O_RDWR of another process's descriptor; -1: gone.
int AccessOf(pid_t pid, const char* number) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fdinfo/%s", pid, number);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  char text[256];
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = '\0';
  const char* flags = strstr(text, "flags:");
  return flags == nullptr
             ? -1
             : static_cast<int>(strtol(flags + 6, nullptr, 8) & O_ACCMODE);
}

}  // namespace

void FdRescue::Add(const SavedHeld& held, const char* name) {
  if (n_wanted_ == kMaxHeld || held.file.inode == 0) return;
  Wanted& wanted = wanted_[n_wanted_++];
  wanted.held = held;
  memcpy(wanted.name, name, held.name_size);
  wanted.name[held.name_size] = '\0';
  wanted.found = false;
}

void FdRescue::Forget() { n_wanted_ = 0; }

void FdRescue::BuildIndex() {
  for (uint16_t& bucket : buckets_) bucket = kNone;
  for (size_t i = 0; i < n_wanted_; ++i) {
    uint16_t& bucket = buckets_[BucketOf(wanted_[i].held.file.inode)];
    wanted_[i].next = bucket;
    bucket = static_cast<uint16_t>(i);
  }
}

void FdRescue::TakeBack(const ProcessTable& processes, FdStore& store) {
  if (n_wanted_ == 0) return;
  // Who has nobody to ask need not tell what is lost.
  if (processes.live() == 0) return Forget();
  BuildIndex();
  // An agent that was killed meanwhile has handed over a part.
  for (size_t i = 0; i < n_wanted_; ++i) {
    wanted_[i].found = store.Has(wanted_[i].name, wanted_[i].held.name_size);
  }
  for (bool reopen : {false, true}) {
    for (size_t i = 0; i < processes.limit(); ++i) {
      const Process& process = *processes.at(i);
      if (process.used && !process.ended) Search(process, store, reopen);
    }
  }
  TellLost(processes);
  Forget();
}

void FdRescue::Search(const Process& process, FdStore& store, bool reopen) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/fd", process.pid);
  DIR* folder = opendir(path);
  if (folder == nullptr) {
    denied_ = errno;
    return;
  }
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    Consider(process, dirfd(folder), entry->d_name, store, reopen);
  }
  closedir(folder);
}

void FdRescue::Consider(const Process& process, int folder, const char* number,
                        FdStore& store, bool reopen) {
  struct stat info;
  if (fstatat(folder, number, &info, 0) != 0) return;
  for (uint16_t at = buckets_[BucketOf(info.st_ino)]; at != kNone;
       at = wanted_[at].next) {
    Wanted& wanted = wanted_[at];
    const SavedHeld& held = wanted.held;
    if (wanted.found || !held.file.SameFile(info)) continue;
    // A worker's own things are looked for in that worker alone.
    if (held.owner != 0 && held.owner != process.id) continue;
    bool same_end =
        AccessOf(process.pid, number) == static_cast<int>(held.file.access);
    if (same_end == reopen || (reopen && held.file.is_pipe == 0)) continue;
    Take(process, folder, number, same_end, wanted, store);
  }
}

void FdRescue::Take(const Process& process, int folder, const char* number,
                    bool same_end, Wanted& wanted, FdStore& store) {
  const SavedHeld& held = wanted.held;
  int fd =
      same_end
          ? static_cast<int>(
                syscall(SYS_pidfd_getfd, process.pidfd, atoi(number), 0))
          : openat(folder, number,
                   static_cast<int>(held.file.access) | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    denied_ = errno;
    return;
  }
  FileIdentity taken;
  if (!FileIdentity::Of(fd, &taken) || taken.inode != held.file.inode ||
      taken.device != held.file.device) {
    close(fd);
    return;
  }
  wanted.found = store.Hold(wanted.name, held.name_size, held.owner, fd) == 0;
}

void FdRescue::TellLost(const ProcessTable& processes) const {
  size_t lost = 0;
  for (size_t i = 0; i < n_wanted_; ++i) {
    if (!wanted_[i].found) ++lost;
  }
  StderrLine(
      "keeper and agent were killed: %zu workers live on, and %zu of %zu "
      "descriptors were taken back from them",
      processes.live(), n_wanted_ - lost, n_wanted_);
  size_t lines = 0;
  for (size_t i = 0; i < n_wanted_ && lines < kMaxLines; ++i) {
    if (wanted_[i].found) continue;
    ++lines;
    StderrLine("lost: %s", wanted_[i].name);
  }
  if (lost > lines) StderrLine("lost: %zu more", lost - lines);
  if (denied_ != 0) {
    StderrLine("a worker did not let go of a descriptor: %s",
               strerror(denied_));
  }
}

}  // namespace fleet::keeper
