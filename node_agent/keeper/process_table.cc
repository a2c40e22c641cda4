#include "node_agent/keeper/process_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fleet::keeper {

Process* ProcessTable::Add(uint64_t id, const char* tag, size_t tag_size) {
  if (full()) return nullptr;
  size_t index = 0;
  if (used_ == limit_) {
    index = limit_;
  } else {
    while (slots_[index].used) ++index;
  }
  char* copy = static_cast<char*>(malloc(tag_size + 1));
  if (copy == nullptr) return nullptr;
  memcpy(copy, tag, tag_size);
  Process& process = slots_[index];
  process = Process{};
  process.id = id;
  process.tag = copy;
  process.tag_size = static_cast<uint32_t>(tag_size);
  process.pidfd = -1;
  process.used = true;
  ++used_;
  changed_.Add(index);
  if (index == limit_) ++limit_;
  return &process;
}

void ProcessTable::Remove(Process* process) {
  free(process->tag);
  if (process->pidfd >= 0) close(process->pidfd);
  *process = Process{};
  NoteChanged(*process);
  --used_;
  while (limit_ > 0 && !slots_[limit_ - 1].used) --limit_;
}

Process* ProcessTable::FindById(uint64_t id) {
  for (size_t i = 0; i < limit_; ++i) {
    if (slots_[i].used && slots_[i].id == id) return &slots_[i];
  }
  return nullptr;
}

Process* ProcessTable::FindByPid(pid_t pid) {
  for (size_t i = 0; i < limit_; ++i) {
    if (slots_[i].used && !slots_[i].ended && slots_[i].pid == pid) {
      return &slots_[i];
    }
  }
  return nullptr;
}

void ProcessTable::NoteAllChanged() {
  for (size_t i = 0; i < limit_; ++i) changed_.Add(i);
}

size_t ProcessTable::live() const {
  size_t count = 0;
  for (size_t i = 0; i < limit_; ++i) {
    if (slots_[i].used && !slots_[i].ended) ++count;
  }
  return count;
}

size_t ProcessTable::live_children() const {
  size_t count = 0;
  for (size_t i = 0; i < limit_; ++i) {
    const Process& process = slots_[i];
    if (process.used && process.is_child && !process.ended) ++count;
  }
  return count;
}

uint64_t ReadStartTicks(pid_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char line[512];
  ssize_t n = read(fd, line, sizeof line - 1);
  close(fd);
  if (n <= 0) return 0;
  line[n] = '\0';
  // The name, field 2, may hold anything; after its last ')' comes field 3.
  const char* at = strrchr(line, ')');
  for (int field = 2; at != nullptr && field < 22; ++field) {
    at = strchr(at + 1, ' ');
  }
  return at == nullptr ? 0 : strtoull(at + 1, nullptr, 10);
}

}  // namespace fleet::keeper
