#include "node_agent/start_pages.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace fleet::agent {
namespace {

// What is mapped for reading only is as it is in the file: relocations are
// written to segments that were mapped for writing.
int ReleaseReadOnly(dl_phdr_info* object, size_t, void*) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const uintptr_t end = (begin + segment.p_memsz) & ~(page - 1);
    const uintptr_t first = begin & ~(page - 1);
    if (end <= first) continue;
    madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
  }
  return 1;  // The program is the first object; libraries are shared anyway.
}

}  // namespace

void ReleaseStartPages() {
  dl_iterate_phdr(ReleaseReadOnly, nullptr);
  malloc_trim(0);
}

void SettledRelease::OnChange() {
  loop_.CancelTimer(timer_);
  timer_ = loop_.AddTimerAfter(kAfter, [this] {
    timer_ = 0;
    ReleaseStartPages();
  });
}

}  // namespace fleet::agent
