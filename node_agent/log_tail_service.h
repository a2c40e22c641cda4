// Sends log lines to the controller on its command.
#ifndef FLEET_NODE_AGENT_LOG_TAIL_SERVICE_H_
#define FLEET_NODE_AGENT_LOG_TAIL_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "fleet/v1/agent_service.pb.h"
#include "node_agent/log_pump.h"
#include "node_agent/log_query.h"
#include "node_agent/log_reader.h"

namespace fleet::agent {

// Carries out tail, more and cancel commands, and those that empty or reopen
// log files. Loop thread only.
//
// At most kMaxTails tails at a time, more are refused with RESOURCE_EXHAUSTED.
// Each is read only as far as its window allows and the stream has room: at
// most one batch waits here for each.
class LogTailService {
 public:
  static constexpr size_t kMaxTails = 32;

  struct Sender {
    // False: no room now, and the chunk is as it was; Flush will be called
    // when there is.
    std::function<bool(v1::LogChunk&)> send_chunk;
    std::function<void(v1::CommandResult)> send_result;
  };

  // `host` is the name that lines carry. Both outlive it.
  LogTailService(LogReader& reader, LogPump& pump, std::string host);
  ~LogTailService();
  LogTailService(const LogTailService&) = delete;
  LogTailService& operator=(const LogTailService&) = delete;

  // Before the first command.
  void SetSender(Sender sender) { sender_ = std::move(sender); }

  // Whether Run knows the command.
  static bool Handles(const v1::Command& command);
  void Run(const v1::Command& command);
  // Sends what waits as far as there is room.
  void Flush();
  // The session has ended.
  void CancelAll();

 private:
  struct Tail {
    LogReader::ScanId scan = 0;
    bool bounded = false;  // It has a window.
    int64_t window = 0;    // Bytes that may still be sent.
    bool pulled = false;
    bool done = false;
    std::optional<v1::LogChunk> waiting;
  };
  using Tails = std::map<std::string, Tail>;

  void Begin(const std::string& id, const v1::TailCommand& command);
  void More(const v1::MoreCommand& command);
  void Cancel(const std::string& id);
  void Finish(const std::string& id, const absl::Status& status);
  void Answer(const std::string& id, const LogFilesDone& done);
  void OnBatch(const std::string& id, const LogBatch& batch);
  v1::LogChunk ToChunk(const std::string& id, const LogBatch& batch) const;
  // False: no room, or it has ended.
  bool Send(Tails::iterator tail);
  void Pull(Tail& tail);

  LogReader& reader_;
  LogPump& pump_;
  const std::string host_;
  Sender sender_;
  Tails tails_;  // By command id.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_TAIL_SERVICE_H_
