// Finds where a reader of one log has to begin.
#ifndef FLEET_NODE_AGENT_LOG_START_H_
#define FLEET_NODE_AGENT_LOG_START_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "node_agent/log_chain.h"
#include "node_agent/log_filter.h"
#include "node_agent/log_piece.h"

namespace fleet::agent {

// For the last lines that pass a filter it goes back through the log's files,
// block by block, until it has seen enough of them; it remembers where they
// begin, not the lines. For all lines since a time it asks the times. Not
// thread-safe.
class LogStart {
 public:
  // `lines` -1: all that pass. The chain has a piece; both outlive it.
  LogStart(LogChain& chain, const LogFilter& filter, int lines, size_t block);

  // Looks at one block more. True: it is found.
  bool Step();
  LogPiece* piece() const { return start_piece_; }
  // A line's start.
  int64_t offset() const { return start_; }

 private:
  void SeekSince();
  // The first line's start at or after `offset` of `piece_`.
  int64_t LineStart(int64_t offset);
  void LookAtBlock();
  // A line of `text` begins at `start`; true: it was the last to look at.
  bool LookAtLine(int64_t start, std::string_view text);
  bool GoBack();

  LogChain& chain_;
  const LogFilter& filter_;
  const size_t block_;
  int wanted_;
  bool done_ = false;
  LogPiece* piece_;
  int64_t end_ = 0;    // The piece's, when it was come to.
  int64_t at_ = 0;     // All from here on was looked at.
  std::string begun_;  // The end of the line that `at_` is in.
  LogPiece* start_piece_;
  int64_t start_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_START_H_
