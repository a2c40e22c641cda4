// Sends log lines to the controller on its command.
#ifndef FLEET_NODE_AGENT_LOG_TAIL_SERVICE_H_
#define FLEET_NODE_AGENT_LOG_TAIL_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fleet/v1/agent_service.pb.h"
#include "fleet/v1/log_service.pb.h"
#include "node_agent/log_pump.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Carries out tail and cancel commands. Loop thread only.
//
// At most kMaxTails at a time, more are refused with RESOURCE_EXHAUSTED. Each
// begins with at most kMaxBacklogBytes of lines, the newest. While the stream
// is full it keeps at most kMaxBufferedBytes; what comes beyond that is
// dropped. The count of what was left out goes with the next chunk.
class LogTailService {
 public:
  static constexpr size_t kMaxTails = 32;
  static constexpr size_t kMaxBacklogBytes = 8 << 20;
  static constexpr size_t kMaxBufferedBytes = 1 << 20;

  struct Sender {
    // False: no room now; Flush will be called when there is.
    std::function<bool(v1::LogChunk)> send_chunk;
    std::function<void(v1::CommandResult)> send_result;
  };

  // `host` is the name that lines carry.
  LogTailService(EventLoop& loop, LogPump& pump, std::string host);
  ~LogTailService();
  LogTailService(const LogTailService&) = delete;
  LogTailService& operator=(const LogTailService&) = delete;

  // Before the first command.
  void SetSender(Sender sender) { sender_ = std::move(sender); }

  void Run(const v1::Command& command);
  // Sends what waits as far as there is room.
  void Flush();
  // The session has ended.
  void CancelAll();

 private:
  struct Tail {
    std::deque<v1::LogLine> lines;
    size_t bytes = 0;
    int64_t dropped = 0;
    bool caught_up_unsent = true;  // The last line asked for is not sent yet.
    size_t backlog = 0;            // Lines until then.
    bool follow = false;
    LogPump::Subscription subscription = 0;
  };

  void Begin(const std::string& id, const v1::TailCommand& command);
  void Cancel(const std::string& id);
  void Finish(const std::string& id, int32_t code, const std::string& message);
  void OnLine(const std::string& id, const LogRecord& record);
  void AddBacklog(Tail& tail, const std::vector<LogRecord>& records);
  v1::LogLine ToLine(const LogRecord& record) const;
  // False: no room.
  bool SendChunk(const std::string& id, Tail& tail);
  bool Drained(const Tail& tail) const;
  void ScheduleFlush();

  EventLoop& loop_;
  LogPump& pump_;
  const std::string host_;
  Sender sender_;
  std::map<std::string, Tail> tails_;  // By command id.
  EventLoop::TimerId flush_timer_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_TAIL_SERVICE_H_
