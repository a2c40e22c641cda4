// Compresses rotated log files, aside from the loop.
#ifndef FLEET_NODE_AGENT_LOG_COMPRESSOR_H_
#define FLEET_NODE_AGENT_LOG_COMPRESSOR_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "node_agent/log_times.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// PATH.N becomes PATH.N.zst on a thread of the lowest priority, one file at a
// time, the newest of a log first, as the oldest go soonest. Wherever the agent
// is killed, one whole copy is there:
//
//   1. the thread writes PATH.zst-part and syncs it;
//   2. the loop gives it the marks (LogTimes) of PATH.N, by whatever number
//      that has become meanwhile, and renames it to PATH.N.zst: from now on
//      readers take that (RotatedLogs);
//   3. the thread syncs the folder;
//   4. the loop removes PATH.N.
//
// A file that was removed meanwhile is let go of. What fails (a full disk) is
// logged once and tried again after kTryAgain, or with the next Add. There must
// be room for the whole file beside the reserve of LogFile.
//
// PipeLogPump owns it. Loop thread only. Bound: a name for each log.
class LogCompressor {
 public:
  static constexpr absl::Duration kTryAgain = absl::Minutes(1);

  // `times_folder` as LogTimes has it.
  LogCompressor(EventLoop& loop, std::string times_folder);
  ~LogCompressor();
  LogCompressor(const LogCompressor&) = delete;
  LogCompressor& operator=(const LogCompressor&) = delete;

  // The log `path` may have rotated files that are not compressed.
  void Add(const std::string& path);

 private:
  struct Job {
    std::string path;
    LogFileId id;
    UniqueFd from;
    UniqueFd to;
  };

  void Next();
  // False: `path` has nothing to compress, or it cannot be.
  bool Begin(const std::string& path);
  absl::Status Prepare(const std::string& path, const std::string& name,
                       Job& job) const;
  void StartThread();
  void OnWritten(const absl::Status& status);
  absl::Status Install();
  void OnSynced();
  void Finish();
  void Fail(const std::string& path, const absl::Status& status);

  EventLoop& loop_;
  const std::string times_folder_;
  std::set<std::string> waiting_;
  std::string last_;  // Whose turn it was.
  std::set<std::string> failed_;
  EventLoop::TimerId retry_timer_ = 0;
  // The thread has its descriptors meanwhile.
  std::shared_ptr<Job> job_;
  std::atomic<bool> stop_{false};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  EventLoop thread_loop_;
  std::thread thread_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_COMPRESSOR_H_
