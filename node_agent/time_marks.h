// When which part of a file was written.
#ifndef FLEET_NODE_AGENT_TIME_MARKS_H_
#define FLEET_NODE_AGENT_TIME_MARKS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace fleet::agent {

// (offset, time) pairs, both rising, at least 10 ms apart; at most 256: then
// the one goes whose absence matters least for its age, so that all of a file
// stays covered and its end best. Not thread-safe.
class TimeMarks {
 public:
  static constexpr size_t kMaxMarks = 256;

  // Bytes from `offset` on are written at `time`.
  void Add(int64_t offset, absl::Time time);
  void Clear() { marks_.clear(); }
  // When the byte at `offset` was written; nothing: before the first mark.
  std::optional<absl::Time> TimeOf(int64_t offset) const;
  std::optional<absl::Time> First() const;

 private:
  struct Mark {
    int64_t offset;
    int64_t nanos;  // After the epoch.
  };

  void DropOne(int64_t now);

  std::vector<Mark> marks_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_TIME_MARKS_H_
