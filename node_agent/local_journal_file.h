// The journal's file on this machine's disk.
#ifndef FLEET_NODE_AGENT_LOCAL_JOURNAL_FILE_H_
#define FLEET_NODE_AGENT_LOCAL_JOURNAL_FILE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node_agent/journal_file.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

class LocalJournalFile : public JournalFile {
 public:
  // Makes the file (mode 0600) if there is none.
  static absl::StatusOr<std::unique_ptr<JournalFile>> Open(
      const std::string& path);

  absl::StatusOr<std::string> Read() const override;
  absl::Status Truncate(size_t size) override;
  absl::Status Append(const std::vector<JournalRecord>& records,
                      bool sync) override;
  // By fallocate(2), beyond the end of the file, whose size stays.
  absl::Status Reserve(size_t bytes) override;
  // By an atomic rename.
  absl::Status Replace(const std::vector<JournalRecord>& records,
                       size_t reserve) override;
  // As PATH.damaged.
  void KeepDamaged(const std::string& bytes) override;

  size_t size() const override { return size_; }
  const std::string& path() const override { return path_; }

 private:
  LocalJournalFile(std::string path, UniqueFd fd, size_t size)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  absl::Status Failed(int error_number, std::string_view what) const;

  std::string path_;
  UniqueFd fd_;
  size_t size_ = 0;
  size_t room_ends_ = 0;  // Offset up to which there is room for sure.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOCAL_JOURNAL_FILE_H_
