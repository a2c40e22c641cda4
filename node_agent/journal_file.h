// A file of records that survives a crash at any moment.
#ifndef FLEET_NODE_AGENT_JOURNAL_FILE_H_
#define FLEET_NODE_AGENT_JOURNAL_FILE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/journal_record.h"

namespace fleet::agent {

// Implemented by LocalJournalFile, and by fakes in tests. Loop thread only.
class JournalFile {
 public:
  virtual ~JournalFile() = default;

  // All that is in it now, on disk when this returns OK: it will be acted upon
  // and acknowledged.
  virtual absl::StatusOr<std::string> Read() const = 0;
  // Cuts it to `size` bytes: a torn end.
  virtual absl::Status Truncate(size_t size) = 0;

  // All records or none: what was written of them is cut off after an error.
  // `sync`: they are on disk when this returns OK.
  virtual absl::Status Append(const std::vector<JournalRecord>& records,
                              bool sync) = 0;
  // Takes room for at least `bytes` bytes after the end, so that they can be
  // appended though the disk fills up meanwhile. It is kept over restarts.
  // RESOURCE_EXHAUSTED, as everywhere here: the disk has no such room. A file
  // system that cannot keep any says OK.
  virtual absl::Status Reserve(size_t bytes) = 0;
  // Replaces the whole content, all or nothing; after an error it is as it
  // was. On disk, and with room for `reserve` bytes more, when this returns OK.
  virtual absl::Status Replace(const std::vector<JournalRecord>& records,
                               size_t reserve) = 0;
  // Best effort: keeps `bytes` beside it for a person to look at.
  virtual void KeepDamaged(const std::string& bytes) = 0;

  virtual size_t size() const = 0;
  // For messages.
  virtual const std::string& path() const = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_JOURNAL_FILE_H_
