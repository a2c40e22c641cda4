// Reads the last lines of a log file and of its rotated predecessors.
#ifndef FLEET_NODE_AGENT_LOG_TAIL_H_
#define FLEET_NODE_AGENT_LOG_TAIL_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/time_marks.h"

namespace fleet::agent {

struct TailLine {
  absl::Time time;
  std::string text;  // Without newline, at most its last 64 KiB.
};

// Up to `count` lines, oldest first; from PATH, then PATH.1 and so on while
// more are wanted, at most 64 MiB in all. Reads from the end in blocks.
//
// Times never decrease. `marks` (of PATH, may be nullptr) gives those that
// this process wrote; others get the next known time, at most that at which
// their file was last written. A last line without its newline is a line.
std::vector<TailLine> ReadLogTail(const std::string& path, int count,
                                  const TimeMarks* marks);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_TAIL_H_
