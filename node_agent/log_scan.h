// One reader's way through the logs of this host.
#ifndef FLEET_NODE_AGENT_LOG_SCAN_H_
#define FLEET_NODE_AGENT_LOG_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/log_chain.h"
#include "node_agent/log_cursor.h"
#include "node_agent/log_filter.h"
#include "node_agent/log_paths.h"
#include "node_agent/log_query.h"
#include "node_agent/log_selection.h"
#include "node_agent/log_start.h"

namespace fleet::agent {

// Finds the files, finds where to begin in each, and gives the lines of all in
// the order of their times. With `follow` it goes on with what is written, in
// the files there are and in new ones. It holds no lines, only its places in
// the files; so a slow reader costs nothing. One that follows and is more than
// kMaxBehind behind skips to what is new.
//
// Not thread-safe; used on the reader's thread.
class LogScan {
 public:
  static constexpr int64_t kMaxBehind = 16 << 20;
  // About so much a Step adds to a batch, or looks at.
  static constexpr size_t kBatchBytes = 128 * 1024;
  static constexpr size_t kStepBytes = 1 << 20;

  // `paths` outlives it.
  LogScan(const LogPaths& paths, LogQuery query, LogFilter filter);

  // Works on for a few milliseconds. True: there may be more at once. False:
  // after OnGrown, or never.
  bool Step(LogBatch& batch);
  // These files were written to.
  void OnGrown(const std::vector<std::string>& paths);

 private:
  struct Stream {
    Stream(LogPlace its_place, const std::string& times_folder)
        : place(std::move(its_place)), chain(place.path, times_folder) {}

    const LogPlace place;
    LogChain chain;
    std::optional<LogStart> start;
    std::optional<LogCursor> cursor;
    LogCursor::Line head;
    bool grown = false;
  };
  // When two have the same time, in the order of the files' names.
  using Head = std::pair<absl::Time, size_t>;

  void FindStreams();
  void AddStream(LogPlace place, int lines);
  // True: all streams have begun.
  bool Begin();
  void Advance(size_t index);
  bool IsWanted(const Stream& stream) const;
  void WakeGrown(LogBatch& batch);
  void SkipWhatIsTooMuch(Stream& stream, LogBatch& batch);
  // Of one stream, as long as it has the oldest head.
  void TakeOldest(LogBatch& batch);
  LogRecord Record(const Stream& stream) const;
  void TellEnds(LogBatch& batch);
  bool PastIsOver() const;

  const LogPaths& paths_;
  const LogQuery query_;
  const LogSelection selection_;
  const LogFilter filter_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::map<std::string, size_t> by_path_;
  size_t block_ = 0;
  size_t starting_ = 0;  // Streams before this one have begun.
  std::set<Head> heads_;
  bool find_again_ = false;
  bool any_grown_ = false;
  bool caught_up_told_ = false;
  size_t looked_at_ = 0;  // In this step.
  size_t batch_bytes_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_SCAN_H_
