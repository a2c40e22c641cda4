// Reads the lines of one log forwards, over all its files.
#ifndef FLEET_NODE_AGENT_LOG_CURSOR_H_
#define FLEET_NODE_AGENT_LOG_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "node_agent/log_chain.h"
#include "node_agent/log_piece.h"

namespace fleet::agent {

// At first it reads the past: up to where the log ended when the cursor was
// made. It stops there, or goes on with `follow`.
//
// A line is given up to its first 64 KiB, the rest is counted. A last line
// without newline is a line, unless it may still be completed (`follow`, and no
// newer file). Holds the piece that it reads and a buffer of `block` bytes, or
// of a line. Not thread-safe.
class LogCursor {
 public:
  static constexpr size_t kMaxLine = 64 * 1024;

  struct Line {
    absl::Time time;
    std::string_view text;  // Valid until the next call.
    int64_t cut_bytes = 0;
    int64_t position = 0;  // As in LogRecord.
    bool past = true;
  };

  // From `offset` of `piece` on, which is a piece of the chain and a line's
  // start. `chain` outlives it.
  LogCursor(LogChain& chain, LogPiece* piece, int64_t offset, bool follow,
            size_t block);

  // False: there is no more now.
  bool Next(Line& line);
  // All that was there when it was made has been given.
  bool past_is_over() const { return past_is_over_; }
  // Looks at the times of what was written since.
  void Refresh() { piece_->RefreshTimes(); }
  // Bytes that are written and not given.
  int64_t Behind();
  // Goes to the last `keep` bytes; gives how many were skipped.
  int64_t SkipTo(int64_t keep);

 private:
  // False: the end of the piece.
  bool Fill();
  // A line that has its newline in the buffer.
  bool TakeEnded(Line& line);
  // What is there of a line that nobody will end.
  bool TakeUnfinished(Line& line);
  void Give(std::string_view text, int64_t start, Line& line) const;
  void Drop(size_t bytes);
  // More than kMaxLine of a line is in the buffer.
  void KeepStartOfLine();
  // nullptr: there is none, or it is not of the past that was asked for.
  LogPiece* NextPiece();
  void GoTo(LogPiece* piece, int64_t offset);
  bool InLimitPiece() const { return piece_->id() == limit_id_; }
  std::string_view Rest() const {
    return std::string_view(buffer_).substr(from_);
  }

  LogChain& chain_;
  LogPiece* piece_;
  const bool follow_;
  const size_t block_;
  // Where the past ends.
  LogFileId limit_id_;
  int64_t limit_ = 0;
  bool beyond_limit_ = false;  // In a newer piece than that.
  bool past_is_over_ = false;
  int64_t offset_;  // Of buffer_[from_].
  std::string buffer_;
  size_t from_ = 0;
  // Of a line that is longer than kMaxLine.
  bool long_ = false;
  std::string long_text_;
  int64_t long_start_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_CURSOR_H_
