// Reads the marks that LogTimes has made.
#ifndef FLEET_NODE_AGENT_LOG_TIME_TABLE_H_
#define FLEET_NODE_AGENT_LOG_TIME_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/log_times.h"

namespace fleet::agent {

// The marks as they were when it was opened; at most LogTimes::kMaxMarks and
// what was added until they are thinned. Immutable.
class LogTimeTable {
 public:
  LogTimeTable() = default;
  // Empty, with serial 0, when there are none or they cannot be read.
  static LogTimeTable Open(const std::string& path);

  uint64_t serial() const { return serial_; }
  int64_t gap_nanos() const { return gap_nanos_; }
  size_t count() const { return marks_.size(); }
  LogTimes::Mark At(size_t index) const { return marks_[index]; }

  // When the byte at `offset` was written, at the earliest. Nothing: it is not
  // known.
  std::optional<absl::Time> TimeAt(int64_t offset) const;
  // Bytes before this offset were written before `time`.
  int64_t OffsetAt(absl::Time time) const;

 private:
  uint64_t serial_ = 0;
  int64_t gap_nanos_ = 0;
  std::vector<LogTimes::Mark> marks_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_TIME_TABLE_H_
