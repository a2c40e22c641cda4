// Moves what workers write from their pipes into files, and lets others read
// along. No line is lost when the agent dies: bytes leave a pipe only into its
// file.
#ifndef FLEET_NODE_AGENT_LOG_PUMP_H_
#define FLEET_NODE_AGENT_LOG_PUMP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "node_agent/keeper_client.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

enum class LogStreamKind { kOut, kErr };

struct LogRecord {
  absl::Time time;  // Wall time at which it was read.
  std::string app;
  int slot = 0;  // -1: read from a file that the instances share.
  LogStreamKind stream = LogStreamKind::kOut;
  std::string text;  // Without newline, at most 64 KiB.
};

struct LogQuery {
  std::vector<std::string> apps;  // Names, globs, "all", "web.2".
  int lines = 15;                 // Per instance and stream. At most 10,000.
  bool out = true;
  bool err = true;
};

// Loop thread only.
class LogPump {
 public:
  using Subscription = uint64_t;
  using LineCallback = std::function<void(const LogRecord&)>;

  virtual ~LogPump() = default;

  // Pumps `pipe` (read end, O_NONBLOCK) until its end of file.
  // `owner` groups the two streams of one worker.
  virtual void Add(WorkerId owner, const std::string& app, int slot,
                   LogStreamKind stream, const LogPolicy& policy,
                   UniqueFd pipe) = 0;
  // Writes out what the pipes of `owner` hold now, so that StderrTail has it.
  virtual void ReadNow(WorkerId owner) = 0;
  // The same, and closes them.
  virtual void Finish(WorkerId owner) = 0;

  // Last lines that `owner` wrote to stderr, oldest first; kept until Forget.
  virtual std::vector<std::string> StderrTail(WorkerId owner,
                                              int lines) const = 0;
  virtual void Forget(WorkerId owner) = 0;

  // Last lines from the files, by time where known.
  virtual std::vector<LogRecord> Last(const LogQuery& query) const = 0;
  // Every line from now on. Cancel from the loop.
  virtual Subscription Subscribe(const LogQuery& query, LineCallback line) = 0;
  virtual void Unsubscribe(Subscription subscription) = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_PUMP_H_
