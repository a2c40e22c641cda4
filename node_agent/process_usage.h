// What /proc says of the use that one process makes of the machine.
#ifndef FLEET_NODE_AGENT_PROCESS_USAGE_H_
#define FLEET_NODE_AGENT_PROCESS_USAGE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

struct ProcessUsage {
  // Of children that have ended and were waited for, with theirs.
  absl::Duration ended_children_cpu;
  int threads = 0;
  int64_t rss_bytes = 0;
  uint64_t start_ticks = 0;
};

// Pure: of one line of /proc/PID/stat (proc(5)); nothing: a zombie, or no such
// line.
std::optional<ProcessUsage> ParseProcessUsage(std::string_view stat);

// Read-only, close-on-exec; not valid when it cannot be opened.
UniqueFd OpenProcFile(const std::string& path);
// The first 512 bytes of a kept /proc file; empty: its process is gone. The
// text is valid until the next call. One thread.
std::string_view ReadProcStart(const UniqueFd& fd);

// The process's own CPU time; nothing: it is gone.
std::optional<absl::Duration> ReadProcessCpu(pid_t pid);
// 0: gone, or not ours to see.
int CountOpenFiles(pid_t pid);
// /proc/PID/smaps_rollup: 10 µs for each MiB. 0: gone, or not ours to see.
int64_t ReadPss(pid_t pid);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROCESS_USAGE_H_
