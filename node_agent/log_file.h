// One log file that is written and rotated.
#ifndef FLEET_NODE_AGENT_LOG_FILE_H_
#define FLEET_NODE_AGENT_LOG_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node_agent/log_rotation.h"
#include "node_agent/log_times.h"
#include "node_agent/log_transit.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// `steady` for waits, `wall` for people.
struct LogNow {
  absl::Time steady;
  absl::Time wall;
};

// Takes bytes out of pipes into the file. Past `max_size` bytes, or when a
// calendar period of `interval` (in the host's zone) has passed, the file
// becomes NAME.1 (and NAME.1 becomes NAME.2, up to `max_files`), between two
// lines; a line that does not end within 1 MiB past the limit is cut.
//
// Copes with others: a file that someone truncated is written on from its new
// end; one that was renamed or deleted is left at the next line's end, and a
// new one made. A file that cannot be opened or rotated is tried again every
// 5 s, one that cannot be written (full disk) every second, and so is one whose
// file system has less than 64 MiB or 2 % left, whichever is less. What comes
// meanwhile is lost: it is counted, logged once, and a line in the file says
// so when there is room again.
//
// PipeLogPump owns them. Loop thread only.
class LogFile {
 public:
  // A stream that writes to the file.
  using Writer = uint64_t;

  struct Limits {
    int64_t max_size = 0;  // 0: never rotated for its size.
    int max_files = 0;
    absl::Duration interval;  // Zero: never rotated for its age.
    bool compress = false;
    bool json = false;  // Lines of our own are JSON too.
    friend bool operator==(const Limits&, const Limits&) = default;
  };

  // `on_rotated` is called when NAME.1 is new.
  LogFile(std::string path, std::string times_folder,
          std::function<void(LogFile&)> on_rotated);

  const std::string& path() const { return path_; }
  const Limits& limits() const { return limits_; }
  void set_limits(const Limits& limits) { limits_ = limits; }
  // It is, or was, a plain file.
  bool regular() const { return regular_; }
  Writer AddWriter();
  // Closes the file after the last one.
  void RemoveWriter(Writer writer);
  bool used() const { return writers_ > 0; }
  bool shared() const { return writers_ > 1; }
  // Another stream, that may go on, has left an unfinished line at the end.
  bool InLineOfAnother(Writer writer);

  // --- Bytes as they are, which leave the pipe only into the file.

  // Moves the first `bytes.size()` bytes of `pipe`, which are `bytes`, into
  // the file. Gives the bytes that were lost.
  size_t Move(int pipe, std::string_view bytes, Writer writer, LogNow now);
  // The same for at most `most` bytes that nobody has looked at; gives how
  // many. 0: nothing was done, Move has to, with a look at the bytes.
  size_t MoveUnseen(int pipe, size_t most, Writer writer, LogNow now);

  // --- Text that was made of bytes, which are in the LogTransit meanwhile.

  // False: it cannot be written now.
  bool Prepare(LogNow now);
  // Bytes until it has to be rotated.
  size_t room() const;
  bool empty() const { return size_ == 0; }
  void Rotate(LogNow now);
  // Where text goes next; `raw`: it may go on with the writer's own line.
  LogTransit::Target Spot(Writer writer, bool raw);
  // Writes `text` to `spot`, also over a part of it that is there already.
  // Gives the bytes that were lost.
  size_t WriteAt(const LogTransit::Target& spot, std::string_view text,
                 Writer writer, LogNow now);
  // So many bytes for it were thrown away.
  void Lose(size_t bytes);

  // --- On the user's order.

  // Goes on in a file of its path, at the next line's end.
  void Reopen() { reopen_ = true; }
  // Makes it empty, and removes the rotated ones.
  absl::StatusOr<RemovedLogs> Empty();

  // What is wrong, and what to do; empty: nothing.
  std::string problem() const;
  int64_t lost_bytes() const { return lost_bytes_; }
  LogTimes& times() { return times_; }

 private:
  // The file's end is within a line that was begun by `line_of_`.
  enum class Line { kEnded, kBegun, kUnknown };

  bool Open(LogNow now);
  uint64_t NextSerial() const;
  // Each looks at what may have changed; false: not to be written now.
  void CheckFile(LogNow now);
  bool CheckSpace(LogNow now);
  bool PeriodIsOver(LogNow now);
  void NoteSize(int64_t size);
  bool MidLine();
  bool GoesOn(Writer writer);
  // How many of `bytes` go in before the file has to be rotated.
  size_t RoomFor(std::string_view bytes, Writer writer);
  void EndLineOfAnother(Writer writer);
  void SayWhatWasLost(LogNow now);
  void Wrote(size_t bytes, Line line, Writer writer, LogNow now);
  // Each gives the bytes moved; fewer than asked for on an error, in errno.
  size_t MoveSome(int pipe, std::string_view bytes);
  size_t Splice(int pipe, size_t count);
  size_t CopyOut(int pipe, std::string_view bytes);
  size_t Discard(int pipe, size_t count);
  void Fail(const std::string& problem, absl::Time try_again);

  const std::string path_;
  const std::string times_folder_;
  const std::function<void(LogFile&)> on_rotated_;
  Limits limits_;
  UniqueFd fd_;
  LogFileId id_;
  bool regular_ = true;
  bool spliceable_ = true;
  int64_t size_ = 0;
  absl::Time begun_;  // Wall time of its first byte.
  bool reopen_ = false;

  Writer next_writer_ = 1;
  int writers_ = 0;
  Line line_ = Line::kEnded;
  Writer line_of_ = 0;           // 0: of an earlier agent's, which may go on.
  bool line_abandoned_ = false;  // Nobody ends it.

  absl::Time next_try_ = absl::InfinitePast();
  absl::Time next_check_ = absl::InfinitePast();
  int64_t next_check_size_ = 0;
  absl::Time next_rotation_ = absl::InfinitePast();
  bool may_rotate_ = true;
  std::string problem_;
  int64_t lost_bytes_ = 0;
  int64_t lost_unsaid_ = 0;
  std::string lost_why_;
  LogTimes times_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_FILE_H_
