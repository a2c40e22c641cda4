#include "node_agent/thread_log_reader.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "node_agent/log_filter.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kNiceness = 10;
// A long search says so often how far it is.
constexpr absl::Duration kTellProgress = absl::Milliseconds(250);

}  // namespace

ThreadLogReader::ThreadLogReader(EventLoop& loop, LogPump& pump,
                                 std::string log_dir)
    : loop_(loop),
      pump_(pump),
      paths_(std::move(log_dir)),
      thread_loop_(loop.clock()) {}

ThreadLogReader::~ThreadLogReader() {
  *alive_ = false;
  pump_.SetWatcher(nullptr);
  if (!thread_.joinable()) return;
  thread_loop_.Stop();
  thread_.join();
}

void ThreadLogReader::StartThread() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)),
                kNiceness);
    thread_loop_.Run();
  });
}

absl::StatusOr<LogReader::ScanId> ThreadLogReader::Open(const LogQuery& query,
                                                        Deliver deliver) {
  ASSIGN_OR_RETURN(LogFilter filter, LogFilter::Make(query));
  StartThread();
  ScanId id = next_id_++;
  deliver_[id] = std::move(deliver);
  if (query.follow) following_.insert(id);
  // Before the scan looks at the files, so that it misses nothing.
  WatchPump();
  pump_.FlushTimes();
  auto shared = std::make_shared<LogFilter>(std::move(filter));
  thread_loop_.Post([this, id, query, shared] {
    work_[id] = std::make_unique<Work>(paths_, query, std::move(*shared));
  });
  return id;
}

void ThreadLogReader::WatchPump() {
  if (following_.empty()) return pump_.SetWatcher(nullptr);
  pump_.SetWatcher([this](const std::vector<std::string>& paths) {
    grown_.insert(paths.begin(), paths.end());
    SendGrown();
  });
}

void ThreadLogReader::SendGrown() {
  if (grown_.empty() || std::exchange(grown_sent_, true)) return;
  std::vector<std::string> paths(grown_.begin(), grown_.end());
  grown_.clear();
  thread_loop_.Post([this, alive = alive_, paths = std::move(paths)] {
    OnGrown(paths);
    loop_.Post([this, alive] {
      if (!*alive) return;
      grown_sent_ = false;
      SendGrown();
    });
  });
}

void ThreadLogReader::Pull(ScanId id) {
  thread_loop_.Post([this, id] {
    auto found = work_.find(id);
    if (found == work_.end()) return;
    found->second->pulled = true;
    found->second->told = thread_loop_.clock().Now();
    Enqueue(id, *found->second);
  });
}

void ThreadLogReader::Close(ScanId id) {
  deliver_.erase(id);
  if (following_.erase(id) > 0) WatchPump();
  thread_loop_.Post([this, id] { work_.erase(id); });
}

void ThreadLogReader::OnBatch(ScanId id, LogBatch batch) {
  auto found = deliver_.find(id);
  if (found == deliver_.end()) return;
  // It may close the scan.
  Deliver deliver = found->second;
  deliver(std::move(batch));
}

// ------------------------------------------------------------- on the thread

void ThreadLogReader::Enqueue(ScanId id, Work& work) {
  if (!work.pulled || std::exchange(work.queued, true)) return;
  queue_.push_back(id);
  if (queue_.size() == 1) thread_loop_.Post([this] { WorkOn(); });
}

void ThreadLogReader::WorkOn() {
  ScanId id = queue_.front();
  queue_.pop_front();
  if (!queue_.empty()) thread_loop_.Post([this] { WorkOn(); });
  auto found = work_.find(id);
  if (found == work_.end()) return;
  Work& work = *found->second;
  work.queued = false;
  bool more = work.scan.Step(work.batch);
  absl::Time now = thread_loop_.clock().Now();
  bool progress = more && now - work.told >= kTellProgress;
  if (!work.batch.HasNews() && !progress) {
    if (more) Enqueue(id, work);
    return;
  }
  work.pulled = false;
  loop_.Post(
      [this, alive = alive_, id,
       batch = std::make_shared<LogBatch>(std::exchange(work.batch, {}))] {
        if (*alive) OnBatch(id, std::move(*batch));
      });
}

void ThreadLogReader::OnGrown(const std::vector<std::string>& paths) {
  for (auto& [id, work] : work_) {
    work->scan.OnGrown(paths);
    Enqueue(id, *work);
  }
}

}  // namespace fleet::agent
