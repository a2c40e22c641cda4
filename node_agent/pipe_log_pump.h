// The log pump over real pipes and files.
#ifndef FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_
#define FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/line_ring.h"
#include "node_agent/log_compressor.h"
#include "node_agent/log_file.h"
#include "node_agent/log_paths.h"
#include "node_agent/log_pump.h"
#include "node_agent/log_source.h"
#include "node_agent/log_transit.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

struct LogPumpOptions {
  std::string log_dir;  // LogPaths says what is in it.
  std::string host;     // For lines in JSON.
};

// Exactly once, wherever the agent is killed. Bytes that go into one file as
// they are leave the pipe by splice(2) into the file. Where text is made of
// them (time, JSON), or two files get them, they go by LogTransit. (What is no
// plain file, such as a terminal, gets them at least once.)
//
// A file of one stream gets bytes as they come; a line without its end is
// completed later, also by the next agent. In a file of several streams
// (`merge`, or the old and the new worker of a slot in a reload) and where text
// is made, whole lines are written: an unfinished one waits in its pipe for up
// to a second. A line that its writer never ended is ended when another stream
// goes on.
//
// Bounds: 256 KiB a pipe and turn, so that a fast writer starves nobody; of a
// worker's stderr a LineRing; where text is made, a line is cut into pieces of
// what a pipe holds, 64 KiB or more. A pipe that is found full gets 256 KiB
// where the kernel allows it; one that is written in small bits is read once a
// millisecond. What cannot be written is lost, counted, and said by Problem: no
// worker ever waits for a disk.
//
// Loop thread only.
class PipeLogPump : public LogPump {
 public:
  // `transit` outlives it.
  PipeLogPump(EventLoop& loop, LogTransit& transit, LogPumpOptions options);
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
  LogCounters Counters(WorkerId owner) const override;
  void Forget(WorkerId owner) override;
  // With an empty `app`, of all apps.
  std::string Problem(const std::string& app) const override;
  // Of all workers and files, since the start.
  int64_t lost_bytes() const { return lost_bytes_; }
  void SetWatcher(Watcher watcher) override;
  void SetOutputWatcher(OutputWatcher watcher) override {
    output_watcher_ = std::move(watcher);
  }
  std::vector<std::string> AppsWithoutFiles(
      const std::vector<std::string>& apps) const override;
  void FlushTimes() override;
  LogFilesDone Empty(const std::vector<std::string>& apps) override;
  LogFilesDone Reopen(const std::vector<std::string>& apps) override;

 private:
  struct Owner {
    LineRing stderr_tail;
    LogCounters counters;
    std::vector<LogFile*> files;
  };
  enum class Step { kMoved, kEmpty, kWaits, kEnded };

  LogNow Now() const;
  LogFile* OpenFile(const std::string& path, const LogPolicy& policy);
  void OnRotated(const LogFile& file);
  void OpenSinks(LogSource& source, const LogPolicy& policy);
  std::unique_ptr<LogFile> NewFile(const std::string& path);
  void PruneFiles();
  void Watch(LogSource& source);
  void OnReadable(int fd, uint32_t events);
  // What is there waits for its line's end.
  void SetParked(LogSource& source, bool parked);
  // What comes is looked at by the clock.
  void SetPaced(LogSource& source, bool paced);
  void NoteTurn(LogSource& source, size_t moved);
  void Rewatch(const LogSource& source);
  void LookLater();
  void LookAtWaiting();
  void NoteGrowth(const LogSource& source);
  void TellGrowth();

  // Moves at most `limit` bytes; `whole`: also an unfinished line.
  Step Pump(LogSource& source, bool whole, size_t limit);
  // What the pipe begins with, still in it; at most 256 KiB. Empty: nothing
  // there, or (`*ended`) never again.
  std::string_view Peek(const LogSource& source, bool* ended);
  static size_t BytesToMove(const LogSource& source, std::string_view seen);
  // Each gives the bytes that were lost.
  size_t Move(LogSource& source, std::string_view bytes);
  size_t MoveAsText(LogSource& source, std::string_view bytes);
  size_t MoveBatch(LogSource& source, std::string_view bytes, size_t* taken);
  size_t WriteText(LogSource& source, const LogTransit::Note& note, LogNow now);
  // Makes text_ of as many lines as the files have room for.
  size_t TakeText(LogSource& source, std::string_view bytes, LogNow now);
  size_t FillText(LogSource& source, std::string_view bytes, LogNow now);
  void RotateForLine(LogSource& source, size_t line, LogNow now);
  void FinishLeftBatch(LogSource& source);
  void Throw(const LogSource& source, size_t count);
  void Count(LogSource& source, size_t moved, size_t lost);
  void Drain(LogSource& source);
  void End(int fd);

  EventLoop& loop_;
  LogTransit& transit_;
  const LogPaths paths_;
  LogCompressor compressor_;
  const std::string host_;
  UniqueFd scratch_read_;
  UniqueFd scratch_write_;
  std::vector<char> buffer_;
  std::string text_;
  std::map<int, std::unique_ptr<LogSource>> sources_;      // By pipe.
  std::map<std::string, std::unique_ptr<LogFile>> files_;  // By path.
  std::map<WorkerId, Owner> owners_;
  std::set<int> waiting_;  // Parked and paced pipes.
  int64_t lost_bytes_ = 0;
  EventLoop::TimerId look_timer_ = 0;
  absl::Time look_time_;
  EventLoop::TimerId flush_timer_ = 0;
  Watcher watcher_;
  OutputWatcher output_watcher_;
  std::set<std::string> grown_;
  EventLoop::TimerId grown_timer_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PIPE_LOG_PUMP_H_
