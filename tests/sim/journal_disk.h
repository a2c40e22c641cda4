// The file of an agent's journal, in memory.
#ifndef FLEET_TESTS_SIM_JOURNAL_DISK_H_
#define FLEET_TESTS_SIM_JOURNAL_DISK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node_agent/journal_file.h"
#include "tests/sim/lifeline.h"
#include "tests/sim/random.h"

namespace fleet::sim {

// What is on the disk. Bytes beyond `synced` are lost when the power is.
struct JournalDisk {
  std::string bytes;
  size_t synced = 0;
  bool full = false;
  size_t room_ends = 0;  // Taken before, also while it is full.
  int64_t writes = 0;
  int64_t refusals = 0;  // Writes that it had no room for.

  // Some of what was not synced may have reached the disk.
  void LosePower(Random& random) {
    const size_t unsynced = bytes.size() - synced;
    bytes.resize(synced + (unsynced == 0 ? 0
                                         : static_cast<size_t>(random.Below(
                                               static_cast<int>(unsynced)))));
    synced = bytes.size();
  }
};

// One agent's open file on it.
class MemoryJournalFile : public agent::JournalFile {
 public:
  // Both outlive it.
  MemoryJournalFile(JournalDisk& disk, Lifeline& life)
      : disk_(disk), life_(life) {}

  absl::StatusOr<std::string> Read() const override {
    disk_.synced = disk_.bytes.size();
    return disk_.bytes;
  }
  absl::Status Truncate(size_t size) override;
  absl::Status Append(const std::vector<agent::JournalRecord>& records,
                      bool sync) override;
  absl::Status Reserve(size_t bytes) override;
  absl::Status Replace(const std::vector<agent::JournalRecord>& records,
                       size_t reserve) override;
  void KeepDamaged(const std::string&) override {}

  size_t size() const override { return disk_.bytes.size(); }
  const std::string& path() const override { return path_; }

 private:
  absl::Status Full(const char* what);
  absl::Status Write(std::string bytes, bool sync);

  JournalDisk& disk_;
  Lifeline& life_;
  const std::string path_ = "desired.journal";
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_JOURNAL_DISK_H_
