// Lets readers follow also what is written to no file.
#ifndef FLEET_NODE_AGENT_LIVE_LOG_READER_H_
#define FLEET_NODE_AGENT_LIVE_LOG_READER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node_agent/log_filter.h"
#include "node_agent/log_pump.h"
#include "node_agent/log_reader.h"
#include "node_agent/log_selection.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// A LogReader over another one, which reads the files. To a scan that follows
// it adds the lines of outputs that the pump keeps in no file (disable_logs,
// out_file: /dev/null), from when the scan has given what is in the files. It
// also says which apps keep none, so that an empty answer is understood.
//
// Nothing is done for such outputs while nobody follows them. Bounds: at most
// kMaxBytes of lines wait for a slow reader of a scan, what comes beyond that
// is counted as skipped; the first kMaxLine bytes of a line. Loop thread only.
class LiveLogReader : public LogReader {
 public:
  static constexpr size_t kMaxBytes = 1 << 20;
  static constexpr size_t kMaxLine = 64 << 10;

  // All outlive it.
  LiveLogReader(EventLoop& loop, LogPump& pump, LogReader& files)
      : loop_(loop), pump_(pump), files_(files) {}
  ~LiveLogReader() override;
  LiveLogReader(const LiveLogReader&) = delete;
  LiveLogReader& operator=(const LiveLogReader&) = delete;

  absl::StatusOr<ScanId> Open(const LogQuery& query, Deliver deliver) override;
  void Pull(ScanId id) override;
  void Close(ScanId id) override;

 private:
  using Stream = std::pair<WorkerId, LogStreamKind>;
  struct Scan {
    Scan(const LogQuery& query, LogFilter its_filter, Deliver its_deliver)
        : selection(query),
          filter(std::move(its_filter)),
          deliver(std::move(its_deliver)),
          follow(query.follow) {}

    const LogSelection selection;
    const LogFilter filter;
    const Deliver deliver;
    const bool follow;
    bool pulled = false;
    bool files_pulled = false;
    bool caught_up = false;
    bool posted = false;
    // What waits to be delivered.
    LogBatch batch;
    bool has_batch = false;
    std::vector<LogRecord> lines;
    size_t line_bytes = 0;
    int64_t skipped = 0;
  };

  void Watch();
  void OnOutput(const LogOutput& output);
  void AddLine(const LogOutput& output, std::string_view line);
  void OnFiles(ScanId id, LogBatch batch);
  void DeliverLater(ScanId id, Scan& scan);
  void DeliverNow(ScanId id);

  EventLoop& loop_;
  LogPump& pump_;
  LogReader& files_;
  std::map<ScanId, std::unique_ptr<Scan>> scans_;
  // Lines that have not ended yet; of streams that were written to while
  // somebody followed.
  std::map<Stream, std::string> begun_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LIVE_LOG_READER_H_
