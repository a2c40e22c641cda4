// The log lines of several hosts on their way to one reader.
#ifndef FLEET_CONTROLLER_LOG_TAIL_H_
#define FLEET_CONTROLLER_LOG_TAIL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/v1/agent_service.pb.h"
#include "fleet/v1/log_service.pb.h"

namespace fleet::controller {

// First it collects: what was asked for of the past, from every host. When all
// hosts have sent theirs (or the wait is over), those lines are ordered by
// time and become readable; what comes afterwards is readable at once, in the
// order in which it comes. Pure; loop thread only.
//
// Holds at most 32 MiB of lines. What comes on top is dropped and counted.
class LogTail {
 public:
  LogTail(std::set<std::string> hosts, bool follow)
      : collecting_(std::move(hosts)), follow_(follow) {
    if (collecting_.empty()) FinishCollecting();
  }

  // A host that cannot be asked, or no longer, and why.
  void OnHostLost(const std::string& host, const std::string& reason);
  void OnChunk(const std::string& host, const v1::LogChunk& chunk);
  // The wait is over: hosts that have not sent everything are named.
  void OnWaitOver();

  bool collecting() const { return !collected_; }
  // What the reader gets next, at most 1 MiB; nullopt: nothing yet.
  std::optional<v1::TailLogsResponse> Next();
  // All was read, and nothing more will come.
  bool Done() const { return collected_ && !follow_ && told_ && !HasNews(); }

 private:
  struct Entry {
    v1::LogLine line;
    size_t bytes = 0;
  };

  bool HasNews() const;
  void Add(v1::LogLine line);
  void FinishCollecting();

  std::set<std::string> collecting_;  // Hosts that are waited for.
  const bool follow_;
  bool collected_ = false;
  // The reader knows that the past has been sent.
  bool told_ = false;
  size_t past_left_ = 0;  // Lines of the past in the queue.
  std::deque<Entry> queue_;
  size_t queued_bytes_ = 0;
  int64_t dropped_ = 0;                   // Not told yet.
  std::vector<std::string> unreachable_;  // Not told yet.
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_LOG_TAIL_H_
