// The log reader on a thread of its own.
#ifndef FLEET_NODE_AGENT_THREAD_LOG_READER_H_
#define FLEET_NODE_AGENT_THREAD_LOG_READER_H_

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/log_paths.h"
#include "node_agent/log_pump.h"
#include "node_agent/log_reader.h"
#include "node_agent/log_scan.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// So a search through gigabytes holds up neither the loop nor the pump: the
// thread has a low priority, and works on all scans in turns of some
// milliseconds. It is started with the first scan. Scans that follow are woken
// by the pump.
//
// The owner's side is for the loop thread only. The bound of scans is the
// owner's.
class ThreadLogReader : public LogReader {
 public:
  // Both outlive it. `log_dir` as LogPaths has it.
  ThreadLogReader(EventLoop& loop, LogPump& pump, std::string log_dir);
  ~ThreadLogReader() override;
  ThreadLogReader(const ThreadLogReader&) = delete;
  ThreadLogReader& operator=(const ThreadLogReader&) = delete;

  absl::StatusOr<ScanId> Open(const LogQuery& query, Deliver deliver) override;
  void Pull(ScanId id) override;
  void Close(ScanId id) override;

 private:
  // On the thread.
  struct Work {
    Work(const LogPaths& paths, const LogQuery& query, LogFilter filter)
        : scan(paths, query, std::move(filter)) {}

    LogScan scan;
    bool pulled = false;
    bool queued = false;
    LogBatch batch;
    absl::Time told;
  };

  void StartThread();
  void WatchPump();
  void SendGrown();
  void OnBatch(ScanId id, LogBatch batch);

  // On the thread.
  void Enqueue(ScanId id, Work& work);
  void WorkOn();
  void OnGrown(const std::vector<std::string>& paths);

  // The owner's side.
  EventLoop& loop_;
  LogPump& pump_;
  ScanId next_id_ = 1;
  std::map<ScanId, Deliver> deliver_;
  std::set<ScanId> following_;
  // Files that were written to, and are not told yet, as the thread has not
  // taken the last ones.
  std::set<std::string> grown_;
  bool grown_sent_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  const LogPaths paths_;
  EventLoop thread_loop_;
  std::thread thread_;
  // The thread's.
  std::map<ScanId, std::unique_ptr<Work>> work_;
  std::deque<ScanId> queue_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_THREAD_LOG_READER_H_
