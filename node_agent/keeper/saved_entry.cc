#include "node_agent/keeper/saved_entry.h"

#include <fcntl.h>

namespace fleet::keeper {

SavedProcess SavedProcess::Of(const Process& process) {
  SavedProcess saved{};
  saved.id = process.id;
  saved.start_ticks = process.start_ticks;
  saved.pid = process.pid;
  saved.pidfd = process.pidfd;
  saved.exit_value = process.exit_value;
  saved.tag_size = process.tag_size;
  saved.exit_kind = process.exit_kind;
  saved.is_child = process.is_child ? 1 : 0;
  saved.ended = process.ended ? 1 : 0;
  saved.tree_gone = process.tree_gone ? 1 : 0;
  return saved;
}

Process* SavedProcess::AddTo(ProcessTable& table, const char* tag) const {
  if (table.FindById(id) != nullptr) return nullptr;
  Process* process = table.Add(id, tag, tag_size);
  if (process == nullptr) return nullptr;
  process->start_ticks = start_ticks;
  process->pid = pid;
  process->exit_value = exit_value;
  process->exit_kind = exit_kind;
  process->is_child = is_child != 0;
  process->ended = ended != 0;
  process->tree_gone = tree_gone != 0;
  return process;
}

bool FileIdentity::Of(int fd, FileIdentity* identity) {
  struct stat info;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fstat(fd, &info) != 0) return false;
  *identity = {info.st_dev, info.st_ino,
               static_cast<uint32_t>(flags & O_ACCMODE),
               S_ISFIFO(info.st_mode) ? 1U : 0U};
  return true;
}

SavedHeld SavedHeld::Of(const FdStore::Entry& entry) {
  SavedHeld saved{};
  saved.owner = entry.owner;
  FileIdentity::Of(entry.fd, &saved.file);
  saved.fd = entry.fd;
  saved.name_size = entry.size;
  return saved;
}

}  // namespace fleet::keeper
