// One log file that is written and rotated.
#ifndef FLEET_NODE_AGENT_LOG_FILE_H_
#define FLEET_NODE_AGENT_LOG_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "node_agent/time_marks.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// Takes bytes out of pipes into the file. Past `max_size` bytes the file
// becomes NAME.1 (and NAME.1 becomes NAME.2, up to `max_files`), between two
// lines; a line that does not end within 1 MiB past the limit is cut.
//
// Copes with others: a file that someone truncated is written on from its new
// end, one that was deleted is made anew. A file that cannot be opened or
// rotated is tried again every 5 s.
//
// PipeLogPump owns them. Loop thread only.
class LogFile {
 public:
  // A stream that writes to the file.
  using Writer = uint64_t;

  // `max_size` 0: never rotated.
  LogFile(std::string path, int64_t max_size, int max_files);

  const std::string& path() const { return path_; }
  Writer AddWriter();
  // Closes the file after the last one.
  void RemoveWriter(Writer writer);
  bool shared() const { return writers_ > 1; }
  // Another stream, that may go on, has left an unfinished line at the end.
  bool InLineOfAnother(Writer writer) const;

  // Moves the first `bytes.size()` bytes of `pipe`, which are `bytes`, into
  // the file. Those that cannot be written are thrown away and counted.
  void Move(int pipe, std::string_view bytes, Writer writer, absl::Time now,
            absl::Time wall_now);

  // What is wrong, and what to do; empty: nothing.
  std::string problem() const;
  int64_t dropped_bytes() const { return dropped_bytes_; }
  // When bytes of the file were written, as far as this process did it.
  const TimeMarks& marks() const { return marks_; }

 private:
  // Opens the file when need be, and looks at what others did to it.
  bool Prepare(absl::Time now);
  bool Open();
  void NoteSize(int64_t size);
  bool EndsInLine() const;
  // How many of `bytes` go in before the file has to be rotated.
  size_t Room(std::string_view bytes, Writer writer) const;
  void Rotate(absl::Time now);
  void EndLineOfAnother(Writer writer);
  // Each gives the bytes moved; fewer than asked for on an error, in errno.
  size_t MoveSome(int pipe, std::string_view bytes);
  size_t Splice(int pipe, size_t count);
  size_t CopyOut(int pipe, std::string_view bytes);
  void Discard(int pipe, size_t count);
  void Fail(const char* what, int error_number);

  const std::string path_;
  const int64_t max_size_;
  const int max_files_;
  UniqueFd fd_;
  bool regular_ = true;
  bool spliceable_ = true;
  int64_t size_ = 0;
  Writer next_writer_ = 1;
  int writers_ = 0;
  // The file ends within a line, of `line_of_` (0: whoever wrote before us,
  // which may be the one that goes on); `line_abandoned_`: nobody ends it.
  bool mid_line_ = false;
  Writer line_of_ = 0;
  bool line_abandoned_ = false;
  absl::Time next_open_ = absl::InfinitePast();
  absl::Time next_rotation_ = absl::InfinitePast();
  bool may_rotate_ = true;
  std::string problem_;
  int64_t dropped_bytes_ = 0;
  TimeMarks marks_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_FILE_H_
