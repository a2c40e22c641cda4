#include "tests/sim/journal_disk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet::sim {
namespace {

absl::Status Dead() { return absl::UnavailableError("the agent is dead"); }

}  // namespace

absl::Status MemoryJournalFile::Full(const char* what) {
  ++disk_.refusals;
  return absl::ResourceExhaustedError(absl::StrCat(what, ": disk full"));
}

// All of `bytes` or nothing: a write call is not torn by the death of its
// process, and what the death of the machine leaves of it is LosePower's.
absl::Status MemoryJournalFile::Write(std::string bytes, bool sync) {
  if (disk_.full && bytes.size() > disk_.room_ends) return Full("write");
  if (!life_.Before()) return Dead();
  ++disk_.writes;
  disk_.bytes = std::move(bytes);
  if (!life_.After()) return Dead();
  if (sync) disk_.synced = disk_.bytes.size();
  return life_.After() ? absl::OkStatus() : Dead();
}

absl::Status MemoryJournalFile::Truncate(size_t size) {
  disk_.synced = std::min(disk_.synced, size);
  if (!life_.Before()) return Dead();
  // It takes no room.
  ++disk_.writes;
  disk_.bytes.resize(std::min(disk_.bytes.size(), size));
  disk_.room_ends = disk_.bytes.size();
  return life_.After() ? absl::OkStatus() : Dead();
}

absl::Status MemoryJournalFile::Append(
    const std::vector<agent::JournalRecord>& records, bool sync) {
  return Write(disk_.bytes + agent::EncodeRecords(records), sync);
}

absl::Status MemoryJournalFile::Reserve(size_t bytes) {
  const size_t end = disk_.bytes.size() + bytes;
  if (end <= disk_.room_ends) return absl::OkStatus();
  if (disk_.full) return Full("write");
  disk_.room_ends = end;
  return absl::OkStatus();
}

absl::Status MemoryJournalFile::Replace(
    const std::vector<agent::JournalRecord>& records, size_t reserve) {
  if (disk_.full) return Full("rewrite");
  if (!life_.Before()) return Dead();
  ++disk_.writes;
  // A rename of a file that was synced before.
  disk_.bytes = agent::EncodeRecords(records);
  disk_.synced = disk_.bytes.size();
  disk_.room_ends = disk_.synced + reserve;
  return life_.After() ? absl::OkStatus() : Dead();
}

}  // namespace fleet::sim
