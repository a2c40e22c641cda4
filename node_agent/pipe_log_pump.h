// The log pump over real pipes and files.
#ifndef FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_
#define FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/line_ring.h"
#include "node_agent/log_file.h"
#include "node_agent/log_pump.h"
#include "node_agent/log_selection.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

struct LogPumpOptions {
  // Files without a path of their own: <log_dir>/<app>/<slot>-out.log and
  // -err.log, or out.log and err.log when merged. A file with a path of its
  // own is linked to from there, so that it is found again after a restart.
  std::string log_dir;
};

// Exactly once: bytes are looked at with tee(2), and leave the pipe by
// splice(2) into the file, so wherever the agent is killed they are in one of
// the two. (Files that cannot be spliced to, such as a terminal, get them at
// least once.)
//
// A file that one stream writes gets bytes as they come; a line without its
// end is completed later, also by the next agent. In a file of several streams
// a stream's unfinished line waits in its pipe for up to a second. A line that
// its writer never ended is ended when another stream goes on.
//
// Bounds: 64 KiB a pipe and turn, so that a fast writer starves nobody; of a
// worker's stderr the last 100 lines, at most 64 KiB; a line of a record is
// cut into pieces of 64 KiB. What cannot be written is thrown away, counted,
// and said by Problem; no worker ever waits for a disk.
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
  void Finish(WorkerId owner) override;
  std::vector<std::string> StderrTail(WorkerId owner, int lines) const override;
  void Forget(WorkerId owner) override;
  std::vector<LogRecord> Last(const LogQuery& query) const override;
  Subscription Subscribe(const LogQuery& query, LineCallback line) override;
  void Unsubscribe(Subscription subscription) override;

  // What is wrong with the files of `app`, one a line, for people; empty:
  // nothing. With an empty `app`, of all apps.
  std::string Problem(const std::string& app) const;
  // Bytes that could not be written, since the start.
  int64_t dropped_bytes() const;

 private:
  // One pipe. Parked: an unfinished line waits for its end.
  struct Source {
    WorkerId owner = 0;
    std::string app;
    int slot = 0;
    LogStreamKind stream = LogStreamKind::kOut;
    UniqueFd pipe;
    LogFile* file = nullptr;  // nullptr: logs are disabled.
    bool watched = false;
    int64_t parked_bytes = 0;
    absl::Time parked_since;
    std::string partial;  // The start of a line, for readers.
  };
  struct Subscriber {
    LogSelection selection;
    LineCallback line;
  };
  enum class Step { kMoved, kEmpty, kEnded, kParked };

  LogFile* OpenFile(const Source& source, const LogPolicy& policy);
  void LinkDefaultPath(const std::string& link, const std::string& path) const;
  void Watch(Source& source);
  void Unwatch(Source& source);
  void OnReadable(int fd);
  Step PumpOnce(Source& source, bool flush_partial);
  std::string_view Peek(const Source& source);
  size_t BytesToMove(Source& source, std::string_view seen,
                     bool flush_partial) const;
  void Publish(Source& source, std::string_view bytes);
  void PublishLine(const Source& source, std::string_view line, absl::Time now);
  void Park(Source& source, size_t bytes);
  void CheckParked();
  void Drain(Source& source);
  void End(int fd);

  EventLoop& loop_;
  LogPumpOptions options_;
  UniqueFd scratch_read_;
  UniqueFd scratch_write_;
  std::vector<char> buffer_;
  std::map<int, std::unique_ptr<Source>> sources_;         // By pipe.
  std::map<std::string, std::unique_ptr<LogFile>> files_;  // By path.
  std::map<WorkerId, LineRing> stderr_tails_;
  std::map<Subscription, std::shared_ptr<Subscriber>> subscribers_;
  Subscription next_subscription_ = 1;
  EventLoop::TimerId park_timer_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_
