#include "node_agent/log_scan.h"

#include <algorithm>

namespace fleet::agent {
namespace {

constexpr size_t kMaxBlock = 64 * 1024;
constexpr size_t kMinBlock = 4 * 1024;
// For the buffers of all streams together.
constexpr size_t kBufferBytes = 16 << 20;
// What one that is behind is left with.
constexpr int64_t kKeepBytes = 64 * 1024;
constexpr size_t kLineOverhead = 64;

}  // namespace

LogScan::LogScan(const LogPaths& paths, LogQuery query, LogFilter filter)
    : paths_(paths),
      query_(std::move(query)),
      selection_(query_),
      filter_(std::move(filter)) {
  FindStreams();
}

void LogScan::FindStreams() {
  bool first = streams_.empty() && !find_again_;
  find_again_ = false;
  std::vector<LogPlace> places = paths_.Find(selection_);
  if (first) {
    block_ = std::clamp(kBufferBytes / std::max<size_t>(places.size(), 1),
                        kMinBlock, kMaxBlock);
  }
  // A new file is wanted from its beginning.
  for (LogPlace& place : places) {
    if (!by_path_.contains(place.path)) {
      AddStream(std::move(place), first ? query_.lines : -1);
    }
  }
}

void LogScan::AddStream(LogPlace place, int lines) {
  size_t index = streams_.size();
  by_path_[place.path] = index;
  streams_.push_back(
      std::make_unique<Stream>(std::move(place), paths_.times_folder()));
  Stream& stream = *streams_.back();
  if (stream.chain.Newest() != nullptr) {
    stream.start.emplace(stream.chain, filter_, lines, block_);
  }
}

bool LogScan::Begin() {
  while (starting_ < streams_.size() && looked_at_ < kStepBytes) {
    Stream& stream = *streams_[starting_];
    if (stream.start.has_value()) {
      looked_at_ += block_;
      if (!stream.start->Step()) continue;
      stream.cursor.emplace(stream.chain, stream.start->piece(),
                            stream.start->offset(), query_.follow, block_);
      stream.start.reset();
      Advance(starting_);
    }
    ++starting_;
  }
  return starting_ == streams_.size();
}

void LogScan::Advance(size_t index) {
  Stream& stream = *streams_[index];
  if (stream.cursor->Next(stream.head) && IsWanted(stream)) {
    heads_.emplace(stream.head.time, index);
  }
}

// Times rise, unless the clock was set back.
bool LogScan::IsWanted(const Stream& stream) const {
  return query_.follow || stream.head.time <= query_.until;
}

bool LogScan::Step(LogBatch& batch) {
  looked_at_ = 0;
  batch_bytes_ = 0;
  if (find_again_) FindStreams();
  if (!Begin()) return true;
  if (any_grown_) WakeGrown(batch);
  while (!heads_.empty() && looked_at_ < kStepBytes &&
         batch_bytes_ < kBatchBytes) {
    TakeOldest(batch);
  }
  TellEnds(batch);
  return !heads_.empty();
}

void LogScan::TakeOldest(LogBatch& batch) {
  auto [time, index] = *heads_.begin();
  heads_.erase(heads_.begin());
  Stream& stream = *streams_[index];
  absl::Time next =
      heads_.empty() ? absl::InfiniteFuture() : heads_.begin()->first;
  do {
    batch.scanned_to = stream.head.time;
    looked_at_ += stream.head.text.size() + kLineOverhead;
    if (filter_.Passes(stream.head.time, stream.head.text)) {
      batch.lines.push_back(Record(stream));
      batch_bytes_ += stream.head.text.size() + kLineOverhead;
    }
    if (!stream.cursor->Next(stream.head) || !IsWanted(stream)) return;
  } while (stream.head.time < next && looked_at_ < kStepBytes &&
           batch_bytes_ < kBatchBytes);
  heads_.emplace(stream.head.time, index);
}

LogRecord LogScan::Record(const Stream& stream) const {
  LogRecord record;
  record.time = stream.head.time;
  record.origin = stream.place.origin;
  record.text = std::string(stream.head.text);
  record.cut_bytes = stream.head.cut_bytes;
  record.position = stream.head.position;
  return record;
}

void LogScan::OnGrown(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    auto found = by_path_.find(path);
    if (found == by_path_.end()) {
      find_again_ = true;
      continue;
    }
    streams_[found->second]->grown = true;
    any_grown_ = true;
  }
}

void LogScan::WakeGrown(LogBatch& batch) {
  any_grown_ = false;
  for (size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = *streams_[i];
    if (!std::exchange(stream.grown, false)) continue;
    if (!stream.cursor.has_value()) {
      // Its file was not there yet.
      if (stream.chain.Newest() == nullptr) continue;
      stream.cursor.emplace(stream.chain, stream.chain.Newest(), 0,
                            query_.follow, block_);
    }
    stream.cursor->Refresh();
    SkipWhatIsTooMuch(stream, batch);
    bool has_head = heads_.contains({stream.head.time, i});
    if (!has_head) Advance(i);
  }
}

// Only of what came after the past: that was asked for.
void LogScan::SkipWhatIsTooMuch(Stream& stream, LogBatch& batch) {
  if (!caught_up_told_ || stream.cursor->Behind() <= kMaxBehind) return;
  size_t index = by_path_.at(stream.place.path);
  heads_.erase({stream.head.time, index});
  batch.skipped_bytes += stream.cursor->SkipTo(kKeepBytes);
}

bool LogScan::PastIsOver() const {
  return std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) {
    return !stream->cursor.has_value() || stream->cursor->past_is_over() ||
           !stream->head.past;
  });
}

void LogScan::TellEnds(LogBatch& batch) {
  batch.done = !query_.follow && heads_.empty();
  if (!caught_up_told_ && (batch.done || PastIsOver())) {
    batch.caught_up = caught_up_told_ = true;
  }
}

}  // namespace fleet::agent
