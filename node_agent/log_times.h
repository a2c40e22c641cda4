// When which part of a log file was written, kept beside the logs: so the time
// of a line is known although the line does not say it, also after a restart.
#ifndef FLEET_NODE_AGENT_LOG_TIMES_H_
#define FLEET_NODE_AGENT_LOG_TIMES_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace fleet::agent {

// A file on disk, whatever its name is at the moment.
struct LogFileId {
  uint64_t device = 0;
  uint64_t inode = 0;
  friend bool operator==(const LogFileId&, const LogFileId&) = default;
};

// The marks of one log file, as the pump makes them. They are in a file
// FOLDER/DEVICE-INODE, so they follow the log file through every renaming:
//
//   8 bytes "FLTIMES1", then little-endian: uint64 serial, uint64 gap in
//   nanoseconds, 8 bytes 0; then marks of int64 offset, int64 nanoseconds
//   since 1970, offsets rising: bytes from `offset` on were written then.
//
// The serial tells the log files of one path apart, and rises with each new
// one. Marks are at least the gap apart (at first 10 ms). At most kMaxMarks:
// then every other one goes, and the gap doubles. So a log file costs at most
// 128 KiB beside it. Marks reach the disk in lots of kMaxPending, or by Flush.
// What cannot be written is left out: the times are coarser then, nothing else.
//
// Loop thread only.
class LogTimes {
 public:
  static constexpr size_t kMaxMarks = 8192;
  static constexpr size_t kMaxPending = 64;

  struct Header {
    char magic[8];
    uint64_t serial;
    uint64_t gap_nanos;
    uint64_t zero;
  };
  struct Mark {
    int64_t offset;
    int64_t nanos;
  };
  static std::string PathOf(const std::string& folder, LogFileId id);

  explicit LogTimes(std::string folder) : folder_(std::move(folder)) {}

  // From now on the marks of this file, of `size` bytes. Marks that are there
  // already are gone on with, unless they cannot be of this file; then it gets
  // the serial `next_serial`.
  void Open(LogFileId id, int64_t size, uint64_t next_serial);
  // Bytes from `offset` on are written at `time`.
  void Add(int64_t offset, absl::Time time);
  void Flush();
  // The file is empty again, and a new one for its readers.
  void Clear();

  uint64_t serial() const { return serial_; }
  // When the file was begun; InfiniteFuture: it is not known.
  absl::Time first() const { return first_; }
  bool pending() const { return !pending_.empty(); }

 private:
  bool Load(int64_t size);
  void Begin(uint64_t serial);
  // Every other mark goes.
  void Thin();

  const std::string folder_;
  std::string path_;
  uint64_t serial_ = 0;
  int64_t gap_nanos_ = 0;
  size_t written_ = 0;  // Marks on disk.
  Mark last_ = {-1, 0};
  absl::Time first_ = absl::InfiniteFuture();
  bool begun_ = false;  // The file is there.
  std::vector<Mark> pending_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_TIMES_H_
