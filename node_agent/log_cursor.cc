#include "node_agent/log_cursor.h"

#include <algorithm>
#include <limits>

namespace fleet::agent {
namespace {

constexpr int kOffsetBits = 40;
constexpr uint64_t kSerialMask = (uint64_t{1} << (63 - kOffsetBits)) - 1;

}  // namespace

LogCursor::LogCursor(LogChain& chain, LogPiece* piece, int64_t offset,
                     bool follow, size_t block)
    : chain_(chain),
      piece_(piece),
      follow_(follow),
      block_(block),
      offset_(offset) {
  const LogPiece* newest = chain.Newest();
  limit_id_ = newest->id();
  limit_ = newest->Size();
}

bool LogCursor::Next(Line& line) {
  while (true) {
    if (TakeEnded(line)) return true;
    if (long_ || Rest().size() > kMaxLine) KeepStartOfLine();
    if (Fill()) continue;
    LogPiece* next = NextPiece();
    // The writer turned to the next one after it had finished with this one.
    if (next != nullptr && Fill()) continue;
    if ((next != nullptr || !follow_) && TakeUnfinished(line)) return true;
    if (next == nullptr) break;
    beyond_limit_ |= InLimitPiece();
    GoTo(next, 0);
    chain_.DropBefore(*next);
  }
  past_is_over_ = true;
  return false;
}

LogPiece* LogCursor::NextPiece() {
  if (!follow_ && (InLimitPiece() || beyond_limit_)) return nullptr;
  return chain_.After(*piece_);
}

void LogCursor::GoTo(LogPiece* piece, int64_t offset) {
  piece_ = piece;
  offset_ = offset;
  buffer_.clear();
  from_ = 0;
  long_ = false;
}

bool LogCursor::Fill() {
  buffer_.erase(0, from_);
  from_ = 0;
  size_t have = buffer_.size();
  int64_t at = offset_ + static_cast<int64_t>(have);
  size_t most = block_;
  if (!follow_ && InLimitPiece()) {
    most = static_cast<size_t>(
        std::clamp<int64_t>(limit_ - at, 0, static_cast<int64_t>(block_)));
  }
  if (most == 0) return false;
  buffer_.resize(have + most);
  size_t n = piece_->Read(at, buffer_.data() + have, most);
  buffer_.resize(have + n);
  if (n > 0 || !follow_ || piece_->Size() >= at) return n > 0;
  // Somebody has emptied it.
  GoTo(piece_, 0);
  piece_->RefreshTimes();
  limit_ = 0;
  return piece_->Size() > 0;
}

void LogCursor::Drop(size_t bytes) {
  from_ += bytes;
  offset_ += static_cast<int64_t>(bytes);
}

void LogCursor::KeepStartOfLine() {
  if (!long_) {
    long_ = true;
    long_start_ = offset_;
    long_text_ = Rest().substr(0, kMaxLine);
  }
  Drop(Rest().size());
}

void LogCursor::Give(std::string_view text, int64_t start, Line& line) const {
  line.text = text;
  line.time = piece_->TimeAt(start);
  line.cut_bytes = 0;
  line.position = piece_->serial() == 0
                      ? 0
                      : static_cast<int64_t>((piece_->serial() & kSerialMask)
                                             << kOffsetBits) +
                            start;
  line.past = !beyond_limit_ && (!InLimitPiece() || start < limit_);
}

bool LogCursor::TakeEnded(Line& line) {
  std::string_view rest = Rest();
  size_t end = rest.find('\n');
  if (end == std::string_view::npos) return false;
  if (long_) {
    Give(long_text_, long_start_, line);
    line.cut_bytes =
        offset_ + static_cast<int64_t>(end - kMaxLine) - long_start_;
    long_ = false;
  } else {
    Give(rest.substr(0, std::min(end, kMaxLine)), offset_, line);
    if (end > kMaxLine) line.cut_bytes = static_cast<int64_t>(end - kMaxLine);
  }
  Drop(end + 1);
  return true;
}

bool LogCursor::TakeUnfinished(Line& line) {
  std::string_view rest = Rest();
  if (long_) {
    Give(long_text_, long_start_, line);
    line.cut_bytes = offset_ - long_start_ - static_cast<int64_t>(kMaxLine);
    long_ = false;
    return true;
  }
  if (rest.empty()) return false;
  Give(rest, offset_, line);
  Drop(rest.size());
  return true;
}

int64_t LogCursor::Behind() {
  int64_t behind = piece_->Size() - offset_;
  for (LogPiece* p = chain_.After(*piece_); p != nullptr;
       p = chain_.After(*p)) {
    behind += p->Size();
  }
  return behind;
}

int64_t LogCursor::SkipTo(int64_t keep) {
  int64_t before = Behind();
  LogPiece* last = piece_;
  while (LogPiece* next = chain_.After(*last)) last = next;
  beyond_limit_ |= last != piece_;
  GoTo(last, std::max<int64_t>(last->Size() - keep, 0));
  chain_.DropBefore(*last);
  last->RefreshTimes();
  // To the next line's start.
  Line partial;
  if (offset_ > 0 && Next(partial)) past_is_over_ = true;
  return before - Behind();
}

}  // namespace fleet::agent
