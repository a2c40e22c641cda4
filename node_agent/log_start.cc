#include "node_agent/log_start.h"

#include <algorithm>
#include <utility>

#include "node_agent/log_cursor.h"

namespace fleet::agent {

LogStart::LogStart(LogChain& chain, const LogFilter& filter, int lines,
                   size_t block)
    : chain_(chain),
      filter_(filter),
      block_(block),
      wanted_(lines),
      piece_(chain.Newest()),
      end_(piece_->Size()),
      at_(end_),
      start_piece_(piece_),
      start_(at_) {
  done_ = wanted_ == 0;
  // What came after the end that is asked for need not be read.
  while (!done_ && wanted_ > 0 && piece_->TimeAt(0) > filter_.until()) {
    if (!GoBack()) break;
  }
}

bool LogStart::Step() {
  if (done_) return true;
  if (wanted_ < 0) {
    SeekSince();
  } else {
    LookAtBlock();
  }
  return done_;
}

void LogStart::SeekSince() {
  start_piece_ = piece_;
  start_ = LineStart(piece_->OffsetAt(filter_.since()));
  done_ = start_ > 0 || !GoBack();
}

int64_t LogStart::LineStart(int64_t offset) {
  if (offset == 0) return 0;
  // The byte before it is the end of a line, or of the one that is left out.
  std::string block(LogCursor::kMaxLine, '\0');
  for (int64_t at = offset - 1;;) {
    size_t n = piece_->Read(at, block.data(), block.size());
    size_t end = std::string_view(block.data(), n).find('\n');
    if (end != std::string_view::npos)
      return at + static_cast<int64_t>(end) + 1;
    if (n == 0) return at;
    at += static_cast<int64_t>(n);
  }
}

bool LogStart::GoBack() {
  LogPiece* before = chain_.Before(*piece_);
  if (before == nullptr) return false;
  piece_ = before;
  at_ = end_ = piece_->Size();
  begun_.clear();
  return true;
}

void LogStart::LookAtBlock() {
  auto size = static_cast<size_t>(std::min(at_, static_cast<int64_t>(block_)));
  std::string text(size, '\0');
  int64_t from = at_ - static_cast<int64_t>(size);
  // What cannot be read is passed over.
  text.resize(piece_->Read(from, text.data(), size));
  text += std::exchange(begun_, "");
  std::string_view rest = text;
  for (size_t end = rest.rfind('\n'); end != std::string_view::npos;
       end = rest.rfind('\n')) {
    int64_t start = from + static_cast<int64_t>(end) + 1;
    if (LookAtLine(start, rest.substr(end + 1))) return;
    rest = rest.substr(0, end);
  }
  at_ = from;
  if (from == 0) {
    if (LookAtLine(0, rest)) return;
    done_ = !GoBack();
    return;
  }
  begun_ = rest.substr(0, LogCursor::kMaxLine);
}

bool LogStart::LookAtLine(int64_t start, std::string_view text) {
  if (start == end_) return false;  // After the last newline.
  absl::Time time = piece_->TimeAt(start);
  done_ = time < filter_.since();
  if (done_ || !filter_.Passes(time, text.substr(0, LogCursor::kMaxLine))) {
    return done_;
  }
  start_piece_ = piece_;
  start_ = start;
  done_ = --wanted_ == 0;
  return done_;
}

}  // namespace fleet::agent
