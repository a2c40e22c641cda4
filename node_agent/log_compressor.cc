#include "node_agent/log_compressor.h"

#include <fcntl.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/guarded_open.h"
#include "node_agent/log_rotation.h"
#include "node_agent/log_space.h"
#include "node_agent/zstd_log_writer.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kLowest = 19;
// ioprio_set(2): for this thread, the idle class.
constexpr int kWhoProcess = 1;
constexpr int kIdleClass = 3 << 13;

void LowerPriority() {
  auto thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, kLowest);
  sched_param param{};
  sched_setscheduler(static_cast<pid_t>(thread), SCHED_IDLE, &param);
  syscall(SYS_ioprio_set, kWhoProcess, thread, kIdleClass);
}

LogFileId IdOf(const struct stat& info) { return {info.st_dev, info.st_ino}; }

// What it was known by: its time, its owner and who may read it.
void TakeAfter(int to, const struct stat& original) {
  fchmod(to, original.st_mode & 07777);
  [[maybe_unused]] int owned = fchown(to, original.st_uid, original.st_gid);
  const timespec times[2] = {original.st_atim, original.st_mtim};
  futimens(to, times);
}

void SyncLogFolder(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path();
  UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) fsync(fd.get());
}

}  // namespace

LogCompressor::LogCompressor(EventLoop& loop, std::string times_folder)
    : loop_(loop),
      times_folder_(std::move(times_folder)),
      thread_loop_(loop.clock()) {}

LogCompressor::~LogCompressor() {
  *alive_ = false;
  loop_.CancelTimer(retry_timer_);
  if (!thread_.joinable()) return;
  stop_ = true;
  thread_loop_.Stop();
  thread_.join();
  if (job_ != nullptr) unlink(PartPath(job_->path).c_str());
}

void LogCompressor::StartThread() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    LowerPriority();
    thread_loop_.Run();
  });
}

void LogCompressor::Add(const std::string& path) {
  waiting_.insert(path);
  Next();
}

void LogCompressor::Next() {
  while (job_ == nullptr && !waiting_.empty()) {
    // In turn, so that a log that is rotated all the time holds up no other.
    auto next = waiting_.upper_bound(last_);
    last_ = next == waiting_.end() ? *waiting_.begin() : *next;
    if (Begin(last_)) return;
    waiting_.erase(last_);
  }
}

bool LogCompressor::Begin(const std::string& path) {
  RemoveLeftOver(path, times_folder_);
  for (const RotatedLog& log : RotatedLogs(path)) {
    if (log.compressed) continue;
    auto job = std::make_shared<Job>();
    absl::Status ready = Prepare(path, log.path, *job);
    if (!ready.ok()) {
      Fail(path, ready);
      return false;
    }
    job_ = job;
    StartThread();
    thread_loop_.Post([this, alive = alive_, job] {
      absl::Status written =
          WriteZstdLog(job->from.get(), job->to.get(), stop_);
      loop_.Post([this, alive, written] {
        if (*alive) OnWritten(written);
      });
    });
    return true;
  }
  failed_.erase(path);
  return false;
}

absl::Status LogCompressor::Prepare(const std::string& path,
                                    const std::string& name, Job& job) const {
  job.path = path;
  job.from = OpenGuarded(name, O_RDONLY);
  struct stat info {};
  if (!job.from.valid() || fstat(job.from.get(), &info) != 0) {
    return ErrnoStatus(errno, name);
  }
  job.id = IdOf(info);
  int64_t room = BytesBeyondReserve(job.from.get());
  if (room < info.st_size) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, ": too little room on its file system for another ",
                     HumanSize(info.st_size)));
  }
  std::string part = PartPath(path);
  job.to = OpenGuarded(part, O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
  if (!job.to.valid()) return ErrnoStatus(errno, part);
  return absl::OkStatus();
}

void LogCompressor::OnWritten(const absl::Status& status) {
  absl::Status done = status;
  if (done.ok()) done = Install();
  if (!done.ok()) {
    unlink(PartPath(job_->path).c_str());
    if (!absl::IsNotFound(done)) {
      Fail(job_->path, done);
      waiting_.erase(job_->path);
    }
    return Finish();
  }
  thread_loop_.Post([this, alive = alive_, path = job_->path] {
    SyncLogFolder(path);
    loop_.Post([this, alive] {
      if (*alive) OnSynced();
    });
  });
}

// NOT_FOUND: the file has been removed meanwhile.
absl::Status LogCompressor::Install() {
  struct stat original {};
  struct stat packed {};
  if (fstat(job_->from.get(), &original) != 0 ||
      fstat(job_->to.get(), &packed) != 0) {
    return ErrnoStatus(errno, job_->path);
  }
  const int number = NumberOf(job_->path, job_->id);
  if (number == 0) return absl::NotFoundError("it is gone");
  TakeAfter(job_->to.get(), original);
  std::string times = LogTimes::PathOf(times_folder_, IdOf(packed));
  unlink(times.c_str());  // Of a file that had the inode before.
  [[maybe_unused]] int linked =
      link(LogTimes::PathOf(times_folder_, job_->id).c_str(), times.c_str());
  std::string name = RotatedPath(job_->path, number, /*compressed=*/true);
  if (std::rename(PartPath(job_->path).c_str(), name.c_str()) == 0) {
    return absl::OkStatus();
  }
  return ErrnoStatus(errno, name);
}

void LogCompressor::OnSynced() {
  const int number = NumberOf(job_->path, job_->id);
  if (number > 0) {
    LogRotation::Remove(RotatedPath(job_->path, number, false), times_folder_);
  }
  if (failed_.erase(job_->path) > 0) {
    spdlog::info("rotated files of {} are compressed again", job_->path);
  }
  Finish();
}

void LogCompressor::Finish() {
  job_.reset();
  loop_.Post([this, alive = alive_] {
    if (*alive) Next();
  });
}

void LogCompressor::Fail(const std::string& path, const absl::Status& status) {
  if (failed_.insert(path).second) {
    spdlog::warn(
        "cannot compress what {} was rotated to: {}; it stays as it "
        "is, and is tried again once a minute",
        path, ToStd(status.message()));
  }
  if (retry_timer_ != 0) return;
  retry_timer_ = loop_.AddTimerAfter(kTryAgain, [this] {
    retry_timer_ = 0;
    waiting_.insert(failed_.begin(), failed_.end());
    Next();
  });
}

}  // namespace fleet::agent
