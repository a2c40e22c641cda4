// Moves what workers write from their pipes into files. No line is lost when
// the agent dies: bytes leave a pipe only into its file.
#ifndef FLEET_NODE_AGENT_LOG_PUMP_H_
#define FLEET_NODE_AGENT_LOG_PUMP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/keeper_client.h"
#include "node_agent/log_counters.h"
#include "node_agent/log_origin.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// What became of an order to do something with log files.
struct LogFilesDone {
  int files = 0;
  int64_t bytes = 0;
  std::vector<std::string> problems;  // For people.
};

// What an output without a plain file has written; valid during the call.
struct LogOutput {
  WorkerId owner;
  const LogOrigin& origin;
  absl::Time time;
  std::string_view bytes;
};

// Loop thread only.
class LogPump {
 public:
  // Gets what is written to no plain file (disable_logs, /dev/null), before it
  // is thrown away or passed on.
  using OutputWatcher = std::function<void(const LogOutput&)>;
  // Gets the paths of files that were written to.
  using Watcher = std::function<void(const std::vector<std::string>&)>;

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
  virtual LogCounters Counters(WorkerId owner) const = 0;
  virtual void Forget(WorkerId owner) = 0;

  // What is wrong with the files of `app`, one a line, for people; empty:
  // nothing.
  virtual std::string Problem(const std::string& app) const = 0;

  // Called some milliseconds after files were written to, once for all of
  // them; nullptr: nobody is. From then on the times of what was written are
  // on disk.
  virtual void SetWatcher(Watcher watcher) = 0;
  // nullptr: nobody is told.
  virtual void SetOutputWatcher(OutputWatcher watcher) = 0;
  // Those of `apps` (as for Empty) with running workers none of whose outputs
  // goes to a plain file, by name.
  virtual std::vector<std::string> AppsWithoutFiles(
      const std::vector<std::string>& apps) const = 0;
  // The times of all that was written so far are on disk afterwards.
  virtual void FlushTimes() = 0;

  // Empties the files of `apps` (names, globs, "all", "web.2"), and removes
  // the rotated ones.
  virtual LogFilesDone Empty(const std::vector<std::string>& apps) = 0;
  // Goes on in files of the same paths, at each one's next line's end: the
  // present ones were renamed by somebody.
  virtual LogFilesDone Reopen(const std::vector<std::string>& apps) = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_PUMP_H_
