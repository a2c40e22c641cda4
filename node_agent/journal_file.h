// A file of records that survives a crash at any moment.
#ifndef FLEET_NODE_AGENT_JOURNAL_FILE_H_
#define FLEET_NODE_AGENT_JOURNAL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

struct JournalRecord {
  uint8_t type = 0;
  std::string payload;  // At most 8 MiB.

  bool operator==(const JournalRecord&) const = default;
};

// What is in the bytes of a journal file. Pure.
struct JournalScan {
  std::vector<JournalRecord> records;
  // Bytes up to the end of the last whole record.
  size_t good_size = 0;
  // Bytes that are no record though whole ones follow; none in a file that was
  // only ever torn.
  size_t damaged_bytes = 0;
  size_t first_damage = 0;  // Its offset.
};
JournalScan ScanJournal(std::string_view bytes);

// Record on disk: magic (4 bytes), payload size (4), type (1), CRC-32C of type
// and payload (4), payload; numbers little-endian.
std::string EncodeRecord(const JournalRecord& record);

// Loop thread only.
class JournalFile {
 public:
  // Makes the file (mode 0600) if there is none.
  static absl::StatusOr<JournalFile> Open(const std::string& path);

  // All that is in it now.
  absl::StatusOr<std::string> Read() const;
  // Cuts it to `size` bytes: a torn end.
  absl::Status Truncate(size_t size);

  // All records or none: what was written of them is cut off after an error.
  // `sync`: they are on disk when this returns OK.
  absl::Status Append(const std::vector<JournalRecord>& records, bool sync);
  // Replaces the whole content by an atomic rename; after an error it is as it
  // was.
  absl::Status Replace(const std::vector<JournalRecord>& records);

  size_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  JournalFile(std::string path, UniqueFd fd, size_t size)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  absl::Status Failed(int error_number, std::string_view what) const;

  std::string path_;
  UniqueFd fd_;
  size_t size_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_JOURNAL_FILE_H_
