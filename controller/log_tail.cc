#include "controller/log_tail.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxQueuedBytes = 32 << 20;
constexpr size_t kMaxMessageBytes = 1 << 20;
// What a line costs beside its text.
constexpr size_t kLineOverhead = 128;

bool Earlier(const v1::LogLine& a, const v1::LogLine& b) {
  if (a.time().seconds() != b.time().seconds()) {
    return a.time().seconds() < b.time().seconds();
  }
  return a.time().nanos() < b.time().nanos();
}

}  // namespace

void LogTail::OnHostLost(const std::string& host, const std::string& reason) {
  unreachable_.push_back(absl::StrCat(host, ": ", reason));
  if (collecting_.erase(host) > 0 && collecting_.empty()) FinishCollecting();
}

void LogTail::OnChunk(const std::string& host, const v1::LogChunk& chunk) {
  dropped_ += chunk.dropped();
  for (v1::LogLine line : chunk.lines()) {
    line.set_host(host);
    Add(std::move(line));
  }
  if (!chunk.caught_up()) return;
  if (collecting_.erase(host) > 0 && collecting_.empty()) FinishCollecting();
}

void LogTail::Add(v1::LogLine line) {
  const size_t bytes = line.text().size() + kLineOverhead;
  if (queued_bytes_ + bytes > kMaxQueuedBytes) {
    ++dropped_;
    return;
  }
  queued_bytes_ += bytes;
  queue_.push_back({std::move(line), bytes});
}

void LogTail::OnWaitOver() {
  if (collected_) return;
  for (const std::string& host : std::exchange(collecting_, {})) {
    unreachable_.push_back(
        absl::StrCat(host, ": has not sent all its lines in time"));
  }
  FinishCollecting();
}

void LogTail::FinishCollecting() {
  if (collected_) return;
  collected_ = true;
  past_left_ = queue_.size();
  std::stable_sort(
      queue_.begin(), queue_.end(),
      [](const Entry& a, const Entry& b) { return Earlier(a.line, b.line); });
}

bool LogTail::HasNews() const {
  return !queue_.empty() || dropped_ > 0 || !unreachable_.empty();
}

std::optional<v1::TailLogsResponse> LogTail::Next() {
  if (!collected_ || (told_ && !HasNews())) return std::nullopt;
  v1::TailLogsResponse response;
  size_t bytes = 0;
  while (!queue_.empty() && bytes < kMaxMessageBytes &&
         (told_ || past_left_ > 0)) {
    Entry& entry = queue_.front();
    bytes += entry.bytes;
    queued_bytes_ -= entry.bytes;
    *response.add_lines() = std::move(entry.line);
    queue_.pop_front();
    if (past_left_ > 0) --past_left_;
  }
  if (!told_ && past_left_ == 0) {
    told_ = true;
    response.set_caught_up(true);
  }
  response.set_dropped(std::exchange(dropped_, 0));
  for (std::string& host : unreachable_) {
    response.add_unreachable_hosts(std::move(host));
  }
  unreachable_.clear();
  return response;
}

}  // namespace fleet::controller
