// One file of a log, as its readers see it.
#ifndef FLEET_NODE_AGENT_LOG_PIECE_H_
#define FLEET_NODE_AGENT_LOG_PIECE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "node_agent/log_time_table.h"
#include "node_agent/log_times.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// Offsets are those of the text, also in a compressed file. It stays readable
// when the file is renamed or removed meanwhile. Not thread-safe.
class LogPiece {
 public:
  virtual ~LogPiece() = default;
  LogPiece(const LogPiece&) = delete;
  LogPiece& operator=(const LogPiece&) = delete;

  // nullptr: there is no plain file that can be read. `times_folder` as
  // LogTimes has it.
  static std::unique_ptr<LogPiece> Open(const std::string& path,
                                        bool compressed,
                                        const std::string& times_folder);
  // Of the file with this name now; zeros: there is none.
  static LogFileId IdOf(const std::string& path);

  // Bytes of text it has now.
  virtual int64_t Size() const = 0;
  // At most `count` bytes from `offset` on; fewer at the end, or where it
  // cannot be read.
  virtual size_t Read(int64_t offset, char* to, size_t count) = 0;

  LogFileId id() const { return id_; }
  // As in LogTimes; 0: not known.
  uint64_t serial() const { return times_.serial(); }
  // When the byte at `offset` was written; if it is not known, when the first
  // byte of which it is was, or the file last.
  absl::Time TimeAt(int64_t offset) const;
  // All before this offset was written before `time`.
  int64_t OffsetAt(absl::Time time) const;
  // Looks at what was written since.
  void RefreshTimes();

 protected:
  LogPiece(UniqueFd fd, std::string times_path);
  int fd() const { return fd_.get(); }

 private:
  const UniqueFd fd_;
  LogFileId id_;
  const std::string times_path_;
  LogTimeTable times_;
  absl::Time changed_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_PIECE_H_
