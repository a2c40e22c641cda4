// The agent's journal as bytes.
#ifndef FLEET_NODE_AGENT_JOURNAL_RECORD_H_
#define FLEET_NODE_AGENT_JOURNAL_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
// Its bytes, without making them.
size_t EncodedSize(const JournalRecord& record);
std::string EncodeRecords(const std::vector<JournalRecord>& records);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_JOURNAL_RECORD_H_
