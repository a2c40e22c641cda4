// PipeLogPump: which pipes are read, and when.
#include "node_agent/pipe_log_pump.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "node_agent/log_query.h"
#include "node_agent/log_selection.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kChunk = 256 * 1024;
constexpr size_t kMostFiles = 4096;
// An unfinished line is looked at so often, and written after so long.
constexpr absl::Duration kParkCheck = absl::Milliseconds(50);
constexpr absl::Duration kMaxPark = absl::Seconds(1);
// So many small readings within this time each, and its pipe is read by the
// clock: the writer is not disturbed by each line, and neither are we.
constexpr absl::Duration kPace = absl::Milliseconds(1);
constexpr int kQuickTurns = 16;
constexpr size_t kSmall = 16 * 1024;
constexpr absl::Duration kFlushTimes = absl::Seconds(1);
constexpr absl::Duration kTellGrowth = absl::Milliseconds(5);

LogFile::Limits LimitsOf(const LogPolicy& policy) {
  return {policy.max_size_bytes, policy.max_files, policy.rotate_interval,
          policy.compress, policy.json};
}

}  // namespace

PipeLogPump::PipeLogPump(EventLoop& loop, LogTransit& transit,
                         LogPumpOptions options)
    : loop_(loop),
      transit_(transit),
      paths_(std::move(options.log_dir)),
      compressor_(loop, paths_.times_folder()),
      host_(std::move(options.host)),
      buffer_(kChunk) {
  std::array<int, 2> scratch;
  FLEET_CHECK(pipe2(scratch.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  scratch_read_.Reset(scratch[0]);
  scratch_write_.Reset(scratch[1]);
  // Less is no error: less is seen at a time then.
  fcntl(scratch_write_.get(), F_SETPIPE_SZ, kChunk);
}

PipeLogPump::~PipeLogPump() {
  loop_.CancelTimer(look_timer_);
  loop_.CancelTimer(flush_timer_);
  loop_.CancelTimer(grown_timer_);
  for (const auto& [fd, source] : sources_) loop_.RemoveFd(fd);
  FlushTimes();
}

LogNow PipeLogPump::Now() const {
  return {loop_.clock().Now(), loop_.clock().WallNow()};
}

// ------------------------------------------------------------------- sources

void PipeLogPump::Add(WorkerId owner, const std::string& app, int slot,
                      LogStreamKind stream, const LogPolicy& policy,
                      UniqueFd pipe) {
  LogOrigin origin{app, slot, stream};
  auto source = std::make_unique<LogSource>(
      owner, origin, std::move(pipe), LogLineFormat(policy, host_, origin));
  int capacity = fcntl(source->pipe.get(), F_GETPIPE_SZ);
  source->capacity = capacity > 0 ? static_cast<size_t>(capacity) : kChunk;
  if (!policy.disabled) OpenSinks(*source, policy);
  LogSource& added = *source;
  sources_[added.pipe.get()] = std::move(source);
  Watch(added);
  FinishLeftBatch(added);
}

void PipeLogPump::OpenSinks(LogSource& source, const LogPolicy& policy) {
  for (const std::string& path : paths_.Resolve(source.origin, policy)) {
    LogFile* file = OpenFile(path, policy);
    source.sinks.push_back({file, file->AddWriter()});
    owners_[source.owner].files.push_back(file);
  }
}

LogFile* PipeLogPump::OpenFile(const std::string& path,
                               const LogPolicy& policy) {
  if (files_.size() >= kMostFiles) PruneFiles();
  std::unique_ptr<LogFile>& file = files_[path];
  const bool fresh = file == nullptr;
  if (fresh) file = NewFile(path);
  // Of several, the newest worker's count.
  file->set_limits(LimitsOf(policy));
  // What an agent before us has not come to, or the spec did not ask for then.
  if (fresh) OnRotated(*file);
  return file.get();
}

std::unique_ptr<LogFile> PipeLogPump::NewFile(const std::string& path) {
  return std::make_unique<LogFile>(
      path, paths_.times_folder(),
      [this](const LogFile& file) { OnRotated(file); });
}

void PipeLogPump::OnRotated(const LogFile& file) {
  if (file.limits().compress) compressor_.Add(file.path());
}

void PipeLogPump::PruneFiles() {
  std::erase_if(files_,
                [](const auto& entry) { return !entry.second->used(); });
}

void PipeLogPump::Finish(WorkerId owner) {
  std::vector<int> ended;
  for (const auto& [fd, source] : sources_) {
    if (source->owner == owner) ended.push_back(fd);
  }
  for (int fd : ended) {
    Drain(*sources_.at(fd));
    End(fd);
  }
}

void PipeLogPump::ReadNow(WorkerId owner) {
  for (const auto& [fd, source] : sources_) {
    if (source->owner == owner) Drain(*source);
  }
}

// What is in the pipe now; someone may still be writing to it.
void PipeLogPump::Drain(LogSource& source) {
  int left = 0;
  if (ioctl(source.pipe.get(), FIONREAD, &left) != 0) return;
  while (left > 0) {
    size_t limit = std::min<size_t>(kChunk, static_cast<size_t>(left));
    if (Pump(source, /*whole=*/true, limit) != Step::kMoved) return;
    left -= static_cast<int>(limit);
  }
}

void PipeLogPump::End(int fd) {
  auto it = sources_.find(fd);
  std::unique_ptr<LogSource> source = std::move(it->second);
  sources_.erase(it);
  waiting_.erase(fd);
  loop_.RemoveFd(fd);
  auto owner = owners_.find(source->owner);
  for (const LogSource::Sink& sink : source->sinks) {
    if (owner != owners_.end()) std::erase(owner->second.files, sink.file);
    sink.file->RemoveWriter(sink.writer);
  }
}

// ------------------------------------------------------------ when to read

void PipeLogPump::Watch(LogSource& source) {
  int fd = source.pipe.get();
  loop_.AddFd(fd, EPOLLIN,
              [this, fd](uint32_t events) { OnReadable(fd, events); });
}

// After a hang-up no line will be completed.
void PipeLogPump::OnReadable(int fd, uint32_t events) {
  LogSource& source = *sources_.at(fd);
  switch (Pump(source, /*whole=*/(events & EPOLLHUP) != 0, kChunk)) {
    case Step::kMoved:
    case Step::kEmpty:
      return SetParked(source, false);
    case Step::kWaits:
      return SetParked(source, true);
    case Step::kEnded:
      return End(fd);
  }
}

void PipeLogPump::NoteTurn(LogSource& source, size_t moved) {
  absl::Time now = loop_.clock().Now();
  bool quick = moved < kSmall && now - source.last_turn < kPace;
  source.last_turn = now;
  source.quick_turns = quick ? source.quick_turns + 1 : 0;
  if (source.quick_turns >= kQuickTurns) SetPaced(source, true);
  if (moved < source.capacity / 4 * 3) return;
  ++owners_[source.owner].counters.full_pipes;
  if (std::exchange(source.widened, true)) return;
  int capacity = fcntl(source.pipe.get(), F_SETPIPE_SZ, kChunk);
  if (capacity > 0) source.capacity = static_cast<size_t>(capacity);
}

void PipeLogPump::SetParked(LogSource& source, bool parked) {
  if (parked == source.parked) return;
  source.parked = parked;
  source.parked_since = loop_.clock().Now();
  Rewatch(source);
}

void PipeLogPump::SetPaced(LogSource& source, bool paced) {
  if (paced == source.paced) return;
  source.paced = paced;
  source.quick_turns = 0;
  Rewatch(source);
}

// Edge-triggered while parked: what is there is known, what comes is not.
// While paced, only of a hang-up.
void PipeLogPump::Rewatch(const LogSource& source) {
  int fd = source.pipe.get();
  uint32_t parked = EPOLLIN | EPOLLET;
  loop_.ModifyFd(fd, source.paced ? 0 : source.parked ? parked : EPOLLIN);
  if (!source.parked && !source.paced) {
    waiting_.erase(fd);
    return;
  }
  waiting_.insert(fd);
  LookLater();
}

void PipeLogPump::LookLater() {
  bool paced = std::any_of(waiting_.begin(), waiting_.end(),
                           [this](int fd) { return sources_.at(fd)->paced; });
  absl::Time when = loop_.clock().Now() + (paced ? kPace : kParkCheck);
  if (look_timer_ != 0 && look_time_ <= when) return;
  loop_.CancelTimer(look_timer_);
  look_time_ = when;
  look_timer_ = loop_.AddTimer(when, [this] {
    look_timer_ = 0;
    LookAtWaiting();
  });
}

void PipeLogPump::LookAtWaiting() {
  absl::Time now = loop_.clock().Now();
  for (int fd : std::vector<int>(waiting_.begin(), waiting_.end())) {
    LogSource& source = *sources_.at(fd);
    bool whole = source.parked && now - source.parked_since >= kMaxPark;
    Step step = Pump(source, whole, kChunk);
    // Its end is told by a hang-up.
    if (step != Step::kMoved) SetPaced(source, false);
    SetParked(source, step == Step::kWaits);
  }
  if (!waiting_.empty()) LookLater();
}

void PipeLogPump::NoteGrowth(const LogSource& source) {
  if (flush_timer_ == 0) {
    flush_timer_ = loop_.AddTimerAfter(kFlushTimes, [this] {
      flush_timer_ = 0;
      FlushTimes();
    });
  }
  if (watcher_ == nullptr || source.sinks.empty()) return;
  grown_.insert(source.sinks[0].file->path());
  if (grown_timer_ != 0) return;
  grown_timer_ = loop_.AddTimerAfter(kTellGrowth, [this] {
    grown_timer_ = 0;
    TellGrowth();
  });
}

void PipeLogPump::TellGrowth() {
  if (watcher_ == nullptr) return grown_.clear();
  for (const std::string& path : grown_) {
    auto file = files_.find(path);
    if (file != files_.end()) file->second->times().Flush();
  }
  watcher_({grown_.begin(), grown_.end()});
  grown_.clear();
}

void PipeLogPump::FlushTimes() {
  for (const auto& [path, file] : files_) file->times().Flush();
}

void PipeLogPump::SetWatcher(Watcher watcher) { watcher_ = std::move(watcher); }

// --------------------------------------------------------------- what is told

std::vector<std::string> PipeLogPump::StderrTail(WorkerId owner,
                                                 int lines) const {
  auto of = owners_.find(owner);
  if (of == owners_.end() || lines <= 0) return {};
  return of->second.stderr_tail.Last(static_cast<size_t>(lines));
}

LogCounters PipeLogPump::Counters(WorkerId owner) const {
  auto of = owners_.find(owner);
  if (of == owners_.end()) return {};
  LogCounters counters = of->second.counters;
  for (const LogFile* file : of->second.files) {
    std::string problem = file->problem();
    if (!problem.empty()) counters.problem = std::move(problem);
  }
  return counters;
}

void PipeLogPump::Forget(WorkerId owner) { owners_.erase(owner); }

std::string PipeLogPump::Problem(const std::string& app) const {
  std::set<std::string> said;
  std::string problems;
  for (const auto& [fd, source] : sources_) {
    if (!app.empty() && source->origin.app != app) continue;
    for (const LogSource::Sink& sink : source->sinks) {
      std::string problem = sink.file->problem();
      if (problem.empty() || !said.insert(problem).second) continue;
      if (!problems.empty()) problems += '\n';
      problems += problem;
    }
  }
  return problems;
}

std::vector<std::string> PipeLogPump::AppsWithoutFiles(
    const std::vector<std::string>& apps) const {
  LogQuery query;
  query.apps = apps;
  const LogSelection selection(query);
  std::map<std::string, bool> kept;
  for (const auto& [fd, source] : sources_) {
    if (!selection.Matches(source->origin)) continue;
    kept[source->origin.app] |= !source->unkept();
  }
  std::vector<std::string> names;
  for (const auto& [name, any] : kept) {
    if (!any) names.push_back(name);
  }
  return names;
}

// ------------------------------------------------------- the user's orders

LogFilesDone PipeLogPump::Empty(const std::vector<std::string>& apps) {
  LogFilesDone done;
  LogQuery query;
  query.apps = apps;
  for (const LogPlace& place : paths_.Find(LogSelection(query))) {
    std::unique_ptr<LogFile> closed;
    auto known = files_.find(place.path);
    if (known == files_.end()) closed = NewFile(place.path);
    LogFile& file = known == files_.end() ? *closed : *known->second;
    absl::StatusOr<RemovedLogs> removed = file.Empty();
    if (!removed.ok()) {
      done.problems.emplace_back(removed.status().message());
      continue;
    }
    done.files += removed->files;
    done.bytes += removed->bytes;
  }
  return done;
}

LogFilesDone PipeLogPump::Reopen(const std::vector<std::string>& apps) {
  LogQuery query;
  query.apps = apps;
  LogSelection selection(query);
  std::set<LogFile*> files;
  for (const auto& [fd, source] : sources_) {
    if (!selection.Matches(source->origin)) continue;
    for (const LogSource::Sink& sink : source->sinks) files.insert(sink.file);
  }
  for (LogFile* file : files) file->Reopen();
  LogFilesDone done;
  done.files = static_cast<int>(files.size());
  return done;
}

}  // namespace fleet::agent
