#include "node_agent/keeper/child_list.h"

#include <fcntl.h>
#include <unistd.h>

namespace fleet::keeper {

int ChildList::Count() {
  if (fd_ < 0) fd_ = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (fd_ < 0 || lseek(fd_, 0, SEEK_SET) != 0) return -1;
  char block[4096];
  int count = 0;
  for (;;) {
    ssize_t n = read(fd_, block, sizeof block);
    if (n < 0) return -1;
    if (n == 0) return count;
    // "PID PID … ": a blank after each.
    for (ssize_t i = 0; i < n; ++i) {
      if (block[i] == ' ') ++count;
    }
  }
}

}  // namespace fleet::keeper
