// Reads the last lines of a log file and of its rotated predecessors.
#ifndef FLEET_NODE_AGENT_LOG_TAIL_H_
#define FLEET_NODE_AGENT_LOG_TAIL_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/time_marks.h"

namespace fleet::agent {

struct TailLine {
  absl::Time time;
  std::string text;  // Without newline; its first 64 KiB.
};

// Up to `count` lines, oldest first; from PATH, then from PATH.1 and so on as
// long as lines are wanted and `max_bytes` have not been read. Reads backwards
// in blocks. A last line without its newline is a line.
//
// Times never decrease. What this process wrote has its time from `marks` (of
// PATH; may be nullptr). What it did not gets the next time that is known: the
// first mark, or when its file was last written.
std::vector<TailLine> ReadLogTail(const std::string& path, size_t count,
                                  size_t max_bytes, const TimeMarks* marks);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_TAIL_H_
