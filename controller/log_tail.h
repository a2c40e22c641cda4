// The log lines of several hosts on their way to one reader.
#ifndef FLEET_CONTROLLER_LOG_TAIL_H_
#define FLEET_CONTROLLER_LOG_TAIL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fleet/v1/agent_service.pb.h"
#include "fleet/v1/log_service.pb.h"

namespace fleet::controller {

// Merges by time what each host sends in the order of time. Of the past, a line
// is readable when no host can have an earlier one any more: each has sent a
// later one, has said how far it is (scanned_to), has sent all, or is given up.
// What is new is readable at once from a single host; of several, when it has
// waited kOrderWait for earlier lines of the others. A line that comes after
// later ones were read is counted as late.
//
// Who owns it sees to it that hosts send no more than was read (TakeRead); it
// throws nothing away. Pure; loop thread only.
class LogTail {
 public:
  static constexpr absl::Duration kOrderWait = absl::Milliseconds(250);
  // Streams whose places are remembered, to know a line that comes twice.
  static constexpr size_t kMaxPlaces = 10'000;

  LogTail(std::set<std::string> hosts, bool follow);

  // A host that cannot be asked, or no longer, and why.
  void OnHostLost(const std::string& host, const std::string& reason);
  // It is asked again. Lines that it has sent before will be left out.
  void OnHostBack(const std::string& host);
  void OnChunk(const std::string& host, const v1::LogChunk& chunk,
               absl::Time now);
  // The wait is over: hosts that could have sent more and did not are named,
  // and not waited for any more.
  void OnWaitOver();

  // The past of some host is not complete.
  bool collecting() const { return !collecting_.empty(); }
  // What the reader gets next, at most about 1 MiB; nullopt: nothing yet.
  std::optional<v1::TailLogsResponse> Next(absl::Time now);
  // When Next is worth another try though nothing comes.
  absl::Time next_time() const { return next_time_; }
  // All was read, and nothing more will come.
  bool Done() const;

  // Bytes of chunks of the host that were read since the last call; at least
  // `least`, or 0 and they stay.
  int64_t TakeRead(const std::string& host, int64_t least);
  // When the newest line was written that the host has sent; InfinitePast: it
  // has sent none.
  absl::Time Newest(const std::string& host) const;

 private:
  struct Entry {
    v1::LogLine line;
    absl::Time time;
    absl::Time arrived;
    bool past = false;
    int64_t chunk_bytes = 0;  // On the last line of a chunk: all of it.
  };
  struct Host {
    std::deque<Entry> lines;
    absl::Time scanned_to = absl::InfinitePast();
    absl::Time newest = absl::InfinitePast();
    int64_t read_bytes = 0;
    bool resumed = false;
  };
  // Host, app, slot, stream.
  using Place = std::tuple<std::string, std::string, int, int>;
  using Head = std::pair<absl::Time, std::string>;

  // False: it was sent before.
  bool IsNews(const std::string& name, const Host& host,
              const v1::LogLine& line);
  void AddLine(const std::string& name, Host& host, v1::LogLine line,
               absl::Time now);
  // Lines of the past that are not older have to wait.
  absl::Time Barrier() const;
  bool IsReadable(const Entry& entry, absl::Time barrier, absl::Time now);
  size_t Give(const Head& head, v1::TailLogsResponse& response);

  const bool follow_;
  std::map<std::string, Host> hosts_;
  std::set<std::string> collecting_;  // Hosts that are waited for.
  std::set<Head> heads_;              // The first line of each host.
  std::map<Place, int64_t> places_;
  size_t past_left_ = 0;  // Lines of the past that are not read.
  bool told_ = false;     // The reader knows that the past has been sent.
  absl::Time given_to_ = absl::InfinitePast();
  absl::Time next_time_ = absl::InfiniteFuture();
  bool has_news_ = false;
  v1::TailLogsResponse news_;  // Not told yet; without lines.
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_LOG_TAIL_H_
