#include "node_agent/pipe_log_pump.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "node_agent/log_tail.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kChunk = 64 * 1024;
constexpr size_t kMaxLine = 64 * 1024;
constexpr size_t kMaxTailBytes = 32 << 20;
constexpr int kMaxTailLines = 10000;
constexpr absl::Duration kParkCheck = absl::Milliseconds(50);
constexpr absl::Duration kMaxPark = absl::Seconds(1);

}  // namespace

PipeLogPump::PipeLogPump(EventLoop& loop, LogPumpOptions options)
    : loop_(loop),
      paths_(std::move(options.log_dir)),
      buffer_(kChunk),
      waste_(kChunk) {
  std::array<int, 2> scratch;
  FLEET_CHECK(pipe2(scratch.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  scratch_read_.Reset(scratch[0]);
  scratch_write_.Reset(scratch[1]);
}

PipeLogPump::~PipeLogPump() {
  if (park_timer_ != 0) loop_.CancelTimer(park_timer_);
  for (const auto& [fd, source] : sources_) loop_.RemoveFd(fd);
}

void PipeLogPump::Add(WorkerId owner, const std::string& app, int slot,
                      LogStreamKind stream, const LogPolicy& policy,
                      UniqueFd pipe) {
  auto source = std::make_unique<Source>();
  source->owner = owner;
  source->app = app;
  source->slot = slot;
  source->stream = stream;
  source->pipe = std::move(pipe);
  source->file = policy.disabled ? nullptr : OpenFile(*source, policy);
  if (source->file != nullptr) source->writer = source->file->AddWriter();
  Source& added = *source;
  sources_[added.pipe.get()] = std::move(source);
  Watch(added);
}

LogFile* PipeLogPump::OpenFile(const Source& source, const LogPolicy& policy) {
  std::string path =
      paths_.Resolve(source.app, source.slot, source.stream, policy);
  std::unique_ptr<LogFile>& file = files_[path];
  if (file == nullptr) {
    file = std::make_unique<LogFile>(path, policy.max_size_bytes,
                                     policy.max_files);
  }
  return file.get();
}

void PipeLogPump::Watch(Source& source) {
  int fd = source.pipe.get();
  loop_.AddFd(fd, EPOLLIN,
              [this, fd](uint32_t events) { OnReadable(fd, events); });
}

// After a hang-up no line will be completed.
void PipeLogPump::OnReadable(int fd, uint32_t events) {
  Source& source = *sources_.at(fd);
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

// Edge-triggered while parked: what is there is known, what comes is not.
void PipeLogPump::SetParked(Source& source, bool parked) {
  if (parked == source.parked) return;
  source.parked = parked;
  source.parked_since = loop_.clock().Now();
  loop_.ModifyFd(source.pipe.get(), parked ? EPOLLIN | EPOLLET : EPOLLIN);
  if (parked) CheckParkedLater();
}

PipeLogPump::Step PipeLogPump::Pump(Source& source, bool whole, size_t limit) {
  bool ended = false;
  std::string_view seen = Peek(source, &ended).substr(0, limit);
  if (seen.empty()) return ended ? Step::kEnded : Step::kEmpty;
  size_t count = whole ? seen.size() : BytesToMove(source, seen);
  if (count == 0) return Step::kWaits;
  if (source.file == nullptr) {
    Throw(source, count);
  } else {
    source.file->Move(source.pipe.get(), seen.substr(0, count), source.writer,
                      loop_.clock().Now(), loop_.clock().WallNow());
  }
  Publish(source, seen.substr(0, count));
  return Step::kMoved;
}

// The scratch pipe is empty before and after.
std::string_view PipeLogPump::Peek(const Source& source, bool* ended) {
  ssize_t seen =
      tee(source.pipe.get(), scratch_write_.get(), kChunk, SPLICE_F_NONBLOCK);
  *ended = seen == 0 || (seen < 0 && errno != EAGAIN && errno != EINTR);
  size_t done = 0;
  while (seen > 0 && done < static_cast<size_t>(seen)) {
    ssize_t n = read(scratch_read_.get(), buffer_.data() + done,
                     static_cast<size_t>(seen) - done);
    FLEET_CHECK(n > 0);
    done += static_cast<size_t>(n);
  }
  return {buffer_.data(), done};
}

size_t PipeLogPump::BytesToMove(const Source& source, std::string_view seen) {
  if (source.file == nullptr) return seen.size();
  if (source.file->InLineOfAnother(source.writer)) return 0;
  if (!source.file->shared()) return seen.size();
  size_t last = seen.rfind('\n');
  if (last != std::string_view::npos) return last + 1;
  return seen.size() == kChunk ? kChunk : 0;
}

void PipeLogPump::Throw(const Source& source, size_t count) {
  while (count > 0) {
    ssize_t n = read(source.pipe.get(), waste_.data(), count);
    if (n <= 0) return;
    count -= static_cast<size_t>(n);
  }
}

void PipeLogPump::CheckParkedLater() {
  if (park_timer_ != 0) return;
  park_timer_ = loop_.AddTimerAfter(kParkCheck, [this] {
    park_timer_ = 0;
    CheckParked();
  });
}

void PipeLogPump::CheckParked() {
  std::vector<int> parked;
  for (const auto& [fd, source] : sources_) {
    if (source->parked) parked.push_back(fd);
  }
  absl::Time now = loop_.clock().Now();
  for (int fd : parked) {
    Source& source = *sources_.at(fd);
    bool whole = now - source.parked_since >= kMaxPark;
    if (Pump(source, whole, kChunk) == Step::kWaits) {
      CheckParkedLater();
    } else {
      SetParked(source, false);
    }
  }
}

void PipeLogPump::ReadNow(WorkerId owner) {
  for (const auto& [fd, source] : sources_) {
    if (source->owner == owner) Drain(*source);
  }
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

// What is in the pipe now; someone may still be writing to it.
void PipeLogPump::Drain(Source& source) {
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
  std::unique_ptr<Source> source = std::move(it->second);
  sources_.erase(it);
  loop_.RemoveFd(fd);
  if (!source->partial.empty()) PublishLine(*source, source->partial);
  EraseCancelled();
  if (source->file != nullptr) source->file->RemoveWriter(source->writer);
}

std::string PipeLogPump::Problem(const std::string& app) const {
  std::map<std::string, bool> said;
  std::string problems;
  for (const auto& [fd, source] : sources_) {
    if (source->file == nullptr || (!app.empty() && source->app != app)) {
      continue;
    }
    std::string problem = source->file->problem();
    if (problem.empty() || !said.emplace(problem, true).second) continue;
    if (!problems.empty()) problems += '\n';
    problems += problem;
  }
  return problems;
}

int64_t PipeLogPump::dropped_bytes() const {
  int64_t dropped = 0;
  for (const auto& [path, file] : files_) dropped += file->dropped_bytes();
  return dropped;
}

// --- What readers get -----------------------------------------------------

bool PipeLogPump::IsRead(const Source& source) const {
  if (source.stream == LogStreamKind::kErr) return true;
  return std::any_of(subscribers_.begin(), subscribers_.end(),
                     [&source](const auto& entry) {
                       return entry.second.selection.Matches(
                           source.app, source.slot, source.stream);
                     });
}

void PipeLogPump::Publish(Source& source, std::string_view bytes) {
  bool is_read = IsRead(source);
  if (!is_read) {
    // Only the line that a later reader would get the end of.
    size_t last = bytes.rfind('\n');
    if (last != std::string_view::npos) {
      source.partial.clear();
      bytes.remove_prefix(last + 1);
    }
  }
  while (!bytes.empty()) {
    size_t end = bytes.find('\n');
    bool whole = end != std::string_view::npos;
    size_t room = kMaxLine - source.partial.size();
    std::string_view piece =
        bytes.substr(0, std::min({end, bytes.size(), room}));
    source.partial += piece;
    bool ends = whole && piece.size() == end;
    bytes.remove_prefix(piece.size() + (ends ? 1 : 0));
    if (!ends && source.partial.size() < kMaxLine) break;
    if (is_read) PublishLine(source, source.partial);
    source.partial.clear();
  }
  EraseCancelled();
}

void PipeLogPump::PublishLine(const Source& source, std::string_view line) {
  if (source.stream == LogStreamKind::kErr) {
    stderr_tails_[source.owner].Add(line);
  }
  publishing_ = true;
  LogRecord record;
  for (auto& [id, subscriber] : subscribers_) {
    if (subscriber.cancelled ||
        !subscriber.selection.Matches(source.app, source.slot, source.stream)) {
      continue;
    }
    if (record.app.empty()) {
      record = {loop_.clock().WallNow(), source.app, source.slot, source.stream,
                std::string(line)};
    }
    subscriber.line(record);
  }
  publishing_ = false;
}

std::vector<std::string> PipeLogPump::StderrTail(WorkerId owner,
                                                 int lines) const {
  std::vector<std::string> tail;
  if (lines <= 0) return tail;
  auto wanted = static_cast<size_t>(lines);
  auto ring = stderr_tails_.find(owner);
  if (ring != stderr_tails_.end()) tail = ring->second.Last(wanted);
  for (const auto& [fd, source] : sources_) {
    if (source->owner != owner || source->stream != LogStreamKind::kErr ||
        source->partial.empty()) {
      continue;
    }
    tail.push_back(source->partial);
    if (tail.size() > wanted) tail.erase(tail.begin());
  }
  return tail;
}

void PipeLogPump::Forget(WorkerId owner) { stderr_tails_.erase(owner); }

LogPump::Subscription PipeLogPump::Subscribe(const LogQuery& query,
                                             LineCallback line) {
  Subscription id = next_subscription_++;
  subscribers_.emplace(id, Subscriber{LogSelection(query), std::move(line)});
  return id;
}

void PipeLogPump::Unsubscribe(Subscription subscription) {
  auto it = subscribers_.find(subscription);
  if (it == subscribers_.end()) return;
  it->second.cancelled = true;
  if (!publishing_) subscribers_.erase(it);
}

void PipeLogPump::EraseCancelled() {
  std::erase_if(subscribers_,
                [](const auto& entry) { return entry.second.cancelled; });
}

std::vector<LogRecord> PipeLogPump::Last(const LogQuery& query) const {
  LogSelection selection(query);
  std::vector<LogPlace> places = paths_.Find(selection);
  std::vector<LogRecord> records;
  auto lines = static_cast<size_t>(std::clamp(query.lines, 0, kMaxTailLines));
  size_t share = kMaxTailBytes / std::max<size_t>(places.size(), 1);
  for (const LogPlace& place : places) {
    auto file = files_.find(place.path);
    const TimeMarks* marks =
        file == files_.end() ? nullptr : &file->second->marks();
    for (TailLine& line : ReadLogTail(place.path, lines, share, marks)) {
      records.push_back({line.time, place.app, place.slot, place.stream,
                         std::move(line.text)});
    }
  }
  std::stable_sort(
      records.begin(), records.end(),
      [](const LogRecord& a, const LogRecord& b) { return a.time < b.time; });
  return records;
}

}  // namespace fleet::agent
