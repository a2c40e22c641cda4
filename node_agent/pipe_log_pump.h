// The log pump over real pipes and files.
#ifndef FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_
#define FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/line_ring.h"
#include "node_agent/log_file.h"
#include "node_agent/log_paths.h"
#include "node_agent/log_pump.h"
#include "node_agent/log_selection.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

struct LogPumpOptions {
  std::string log_dir;  // LogPaths says what is in it.
};

// Exactly once: bytes are looked at with tee(2) and leave the pipe by
// splice(2) into the file, so wherever the agent is killed they are in one of
// the two. (What cannot be spliced to, such as a terminal, gets them at least
// once.)
//
// A file of one stream gets bytes as they come; a line without its end is
// completed later, also by the next agent. In a file of several streams
// (`merge`, or the old and the new worker of a slot in a reload) whole lines
// are written: an unfinished one waits in its pipe for up to a second. A line
// that its writer never ended is ended when another stream goes on.
//
// Bounds: 64 KiB a pipe and turn, so that a fast writer starves nobody; of a
// worker's stderr a LineRing; a record's line is cut into pieces of 64 KiB;
// Last reads at most 32 MiB. What cannot be written is thrown away, counted,
// and said by Problem: no worker ever waits for a disk.
//
// Loop thread only.
class PipeLogPump : public LogPump {
 public:
  PipeLogPump(EventLoop& loop, LogPumpOptions options);
  // Leaves in the pipes what is there.
  ~PipeLogPump() override;
  PipeLogPump(const PipeLogPump&) = delete;
  PipeLogPump& operator=(const PipeLogPump&) = delete;

  void Add(WorkerId owner, const std::string& app, int slot,
           LogStreamKind stream, const LogPolicy& policy,
           UniqueFd pipe) override;
  void ReadNow(WorkerId owner) override;
  void Finish(WorkerId owner) override;
  std::vector<std::string> StderrTail(WorkerId owner, int lines) const override;
  void Forget(WorkerId owner) override;
  std::vector<LogRecord> Last(const LogQuery& query) const override;
  // The callback may subscribe and unsubscribe, also itself.
  Subscription Subscribe(const LogQuery& query, LineCallback line) override;
  void Unsubscribe(Subscription subscription) override;

  // What is wrong with the files of `app`, one a line, for people; empty:
  // nothing. With an empty `app`, of all apps.
  std::string Problem(const std::string& app) const;
  // Bytes that could not be written, since the start.
  int64_t dropped_bytes() const;

 private:
  // One pipe. `parked`: it holds only what has to wait there.
  struct Source {
    WorkerId owner = 0;
    std::string app;
    int slot = 0;
    LogStreamKind stream = LogStreamKind::kOut;
    UniqueFd pipe;
    LogFile* file = nullptr;  // nullptr: logs are disabled.
    LogFile::Writer writer = 0;
    bool parked = false;
    absl::Time parked_since;
    std::string partial;  // The start of a line, for readers.
  };
  struct Subscriber {
    LogSelection selection;
    LineCallback line;
    bool cancelled = false;
  };
  enum class Step { kMoved, kEmpty, kWaits, kEnded };

  LogFile* OpenFile(const Source& source, const LogPolicy& policy);
  void Watch(Source& source);
  void SetParked(Source& source, bool parked);
  void CheckParkedLater();
  void CheckParked();
  void OnReadable(int fd, uint32_t events);
  // Moves at most `limit` bytes; `whole`: also an unfinished line.
  Step Pump(Source& source, bool whole, size_t limit);
  // What the pipe begins with, still in it; at most 64 KiB. Empty: nothing
  // there, or (`*ended`) never again.
  std::string_view Peek(const Source& source, bool* ended);
  static size_t BytesToMove(const Source& source, std::string_view seen);
  void Throw(const Source& source, size_t count);
  void Drain(Source& source);
  void End(int fd);

  void Publish(Source& source, std::string_view bytes);
  bool IsRead(const Source& source) const;
  void PublishLine(const Source& source, std::string_view line);
  void EraseCancelled();

  EventLoop& loop_;
  const LogPaths paths_;
  UniqueFd scratch_read_;
  UniqueFd scratch_write_;
  std::vector<char> buffer_;
  std::vector<char> waste_;
  std::map<int, std::unique_ptr<Source>> sources_;         // By pipe.
  std::map<std::string, std::unique_ptr<LogFile>> files_;  // By path.
  std::map<WorkerId, LineRing> stderr_tails_;
  std::map<Subscription, Subscriber> subscribers_;
  Subscription next_subscription_ = 1;
  bool publishing_ = false;
  EventLoop::TimerId park_timer_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_
