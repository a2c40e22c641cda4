#include "controller/log_tail.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/rpc/proto_time.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxMessageBytes = 1 << 20;
// What a line costs beside its text.
constexpr size_t kLineOverhead = 64;
constexpr int kMaxNews = 1000;

}  // namespace

LogTail::LogTail(std::set<std::string> hosts, bool follow)
    : follow_(follow), collecting_(std::move(hosts)) {
  for (const std::string& host : collecting_) hosts_[host];
}

void LogTail::OnHostLost(const std::string& host, const std::string& reason) {
  has_news_ = true;
  if (news_.unreachable_hosts_size() < kMaxNews) {
    news_.add_unreachable_hosts(absl::StrCat(host, ": ", reason));
  }
  collecting_.erase(host);
}

void LogTail::OnHostBack(const std::string& host) {
  hosts_[host].resumed = true;
}

void LogTail::OnWaitOver() {
  for (const std::string& host : std::set<std::string>(collecting_)) {
    // One of which lines wait has done its part.
    if (!hosts_.at(host).lines.empty()) continue;
    OnHostLost(host, "has not sent all its lines in time");
  }
}

void LogTail::OnChunk(const std::string& name, const v1::LogChunk& chunk,
                      absl::Time now) {
  Host& host = hosts_[name];
  size_t before = host.lines.size();
  for (const v1::LogLine& line : chunk.lines()) {
    if (IsNews(name, host, line)) AddLine(name, host, line, now);
  }
  auto bytes = static_cast<int64_t>(chunk.ByteSizeLong());
  if (host.lines.size() > before) {
    host.lines.back().chunk_bytes = bytes;
  } else {
    host.read_bytes += bytes;
  }
  if (chunk.has_scanned_to())
    host.scanned_to = fleet::FromProto(chunk.scanned_to());
  news_.set_dropped(news_.dropped() + chunk.dropped());
  news_.set_skipped_bytes(news_.skipped_bytes() + chunk.skipped_bytes());
  for (const std::string& note : chunk.notes()) {
    if (news_.notes_size() < kMaxNews) {
      news_.add_notes(absl::StrCat(name, ": ", note));
    }
  }
  has_news_ |= chunk.dropped() > 0 || chunk.skipped_bytes() > 0 ||
               chunk.notes_size() > 0;
  if (chunk.caught_up()) collecting_.erase(name);
}

bool LogTail::IsNews(const std::string& name, const Host& host,
                     const v1::LogLine& line) {
  if (line.position() == 0 || !follow_) return true;
  Place place(name, line.app(), line.slot(), line.stream());
  auto known = places_.find(place);
  if (known == places_.end()) {
    if (places_.size() < kMaxPlaces) places_[place] = line.position();
    return true;
  }
  if (host.resumed && line.position() <= known->second) return false;
  known->second = line.position();
  return true;
}

void LogTail::AddLine(const std::string& name, Host& host, v1::LogLine line,
                      absl::Time now) {
  Entry entry;
  entry.time = fleet::FromProto(line.time());
  entry.arrived = now;
  entry.past = collecting_.contains(name);
  line.set_host(name);
  entry.line = std::move(line);
  host.newest = std::max(host.newest, entry.time);
  if (entry.past) ++past_left_;
  if (host.lines.empty()) heads_.emplace(entry.time, name);
  host.lines.push_back(std::move(entry));
}

absl::Time LogTail::Barrier() const {
  absl::Time barrier = absl::InfiniteFuture();
  for (const std::string& name : collecting_) {
    const Host& host = hosts_.at(name);
    if (host.lines.empty()) barrier = std::min(barrier, host.scanned_to);
  }
  return barrier;
}

bool LogTail::IsReadable(const Entry& entry, absl::Time barrier,
                         absl::Time now) {
  if (entry.time > barrier) return false;
  if (entry.past || hosts_.size() == 1) return true;
  absl::Time when = entry.arrived + kOrderWait;
  if (when <= now) return true;
  next_time_ = when;
  return false;
}

std::optional<v1::TailLogsResponse> LogTail::Next(absl::Time now) {
  next_time_ = absl::InfiniteFuture();
  v1::TailLogsResponse response;
  size_t bytes = 0;
  absl::Time barrier = Barrier();
  while (!heads_.empty() && bytes < kMaxMessageBytes) {
    Head head = *heads_.begin();
    const Host& host = hosts_.at(head.second);
    if (!IsReadable(host.lines.front(), barrier, now)) break;
    bytes += Give(head, response);
    if (host.lines.empty()) barrier = Barrier();
  }
  bool any = std::exchange(has_news_, false) || response.lines_size() > 0;
  response.MergeFrom(news_);
  news_.Clear();
  if (!told_ && collecting_.empty() && past_left_ == 0) {
    told_ = any = true;
    response.set_caught_up(true);
  }
  if (!any) return std::nullopt;
  return response;
}

size_t LogTail::Give(const Head& head, v1::TailLogsResponse& response) {
  Host& host = hosts_.at(head.second);
  Entry& entry = host.lines.front();
  size_t bytes = entry.line.text().size() + kLineOverhead;
  if (entry.past) {
    --past_left_;
  } else if (entry.time < given_to_) {
    response.set_late(response.late() + 1);
  }
  given_to_ = std::max(given_to_, entry.time);
  host.read_bytes += entry.chunk_bytes;
  *response.add_lines() = std::move(entry.line);
  heads_.erase(head);
  host.lines.pop_front();
  if (!host.lines.empty()) {
    heads_.emplace(host.lines.front().time, head.second);
  }
  return bytes;
}

bool LogTail::Done() const {
  return !follow_ && told_ && heads_.empty() && !has_news_;
}

int64_t LogTail::TakeRead(const std::string& host, int64_t least) {
  auto found = hosts_.find(host);
  if (found == hosts_.end() || found->second.read_bytes < least) return 0;
  return std::exchange(found->second.read_bytes, 0);
}

absl::Time LogTail::Newest(const std::string& host) const {
  auto found = hosts_.find(host);
  return found == hosts_.end() ? absl::InfinitePast() : found->second.newest;
}

}  // namespace fleet::controller
