// One log file that is written and rotated.
#ifndef FLEET_NODE_AGENT_LOG_FILE_H_
#define FLEET_NODE_AGENT_LOG_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "node_agent/time_marks.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// Takes bytes out of pipes into the file. Past max_size_bytes the file becomes
// NAME.1 (and NAME.1 becomes NAME.2, up to max_files), between two lines; a
// line that does not end within 1 MiB past the limit is cut.
//
// Copes with others: a file that someone truncated is written on from its new
// end, one that was deleted is made anew. When the file cannot be opened it is
// tried again every 5 s.
//
// PipeLogPump owns them. Loop thread only.
class LogFile {
 public:
  LogFile(std::string path, const LogPolicy& policy);

  const std::string& path() const { return path_; }
  // Streams that write to it now.
  void AddWriter() { ++writers_; }
  // Closes the descriptor after the last one.
  void RemoveWriter(const void* writer);
  bool shared() const { return writers_ > 1; }
  // `writer` has left an unfinished line at the end.
  bool InLineOf(const void* writer) const { return line_of_ == writer; }

  // Moves the first `bytes.size()` bytes of `pipe`, which are `bytes`, into
  // the file; those that cannot be written are thrown away and counted.
  void Move(int pipe, std::string_view bytes, const void* writer,
            absl::Time now, absl::Time wall_now);

  // Empty: all is well.
  const std::string& problem() const { return problem_; }
  int64_t dropped_bytes() const { return dropped_bytes_; }
  // When bytes of the file were written, as far as this process did it.
  const TimeMarks& marks() const { return marks_; }

 private:
  void Open(absl::Time now);
  // Looks at what others did to the file; opens it when need be.
  bool Prepare(absl::Time now);
  // How many of `bytes` go in before the file has to be rotated.
  size_t Room(std::string_view bytes) const;
  void Rotate(absl::Time now);
  // Bytes moved; fewer than asked on an error, which is noted.
  size_t Splice(int pipe, size_t count);
  size_t CopyOver(int pipe, size_t count);
  size_t MoveSome(int pipe, std::string_view bytes);
  void Discard(int pipe, size_t count);
  void EndForeignLine(const void* writer);
  void Fail(int error_number, const char* what);

  const std::string path_;
  const int64_t max_size_;
  const int max_files_;
  UniqueFd fd_;
  bool regular_ = true;
  bool spliceable_ = true;
  int64_t size_ = 0;
  int writers_ = 0;
  bool mid_line_ = false;
  // Who left the unfinished line; nullptr: not known, it may be gone.
  const void* line_of_ = nullptr;
  bool line_abandoned_ = false;
  absl::Time next_open_ = absl::InfinitePast();
  std::string problem_;
  int64_t dropped_bytes_ = 0;
  TimeMarks marks_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_FILE_H_
