// PipeLogPump: how bytes get from a pipe into its files.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "node_agent/pipe_log_pump.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();

}  // namespace

PipeLogPump::Step PipeLogPump::Pump(LogSource& source, bool whole,
                                    size_t limit) {
  if (source.direct() && source.origin.stream == LogStreamKind::kOut) {
    const LogSource::Sink& sink = source.sinks[0];
    size_t most = std::min(limit, source.capacity);
    size_t moved =
        sink.file->MoveUnseen(source.pipe.get(), most, sink.writer, Now());
    if (moved > 0) {
      Count(source, moved, 0);
      return Step::kMoved;
    }
  }
  bool ended = false;
  std::string_view seen = Peek(source, &ended).substr(0, limit);
  if (seen.empty()) return ended ? Step::kEnded : Step::kEmpty;
  size_t count = whole ? seen.size() : BytesToMove(source, seen);
  if (count == 0) return Step::kWaits;
  std::string_view bytes = seen.substr(0, count);
  size_t lost = Move(source, bytes);
  // Afterwards it is known what kind of file it goes to.
  if (output_watcher_ != nullptr && source.unkept()) {
    output_watcher_({source.owner, source.origin, Now().wall, bytes});
  }
  if (source.origin.stream == LogStreamKind::kErr) {
    owners_[source.owner].stderr_tail.Add(bytes);
  }
  Count(source, count, lost);
  return Step::kMoved;
}

// The scratch pipe is empty before and after.
std::string_view PipeLogPump::Peek(const LogSource& source, bool* ended) {
  ssize_t seen = tee(source.pipe.get(), scratch_write_.get(), buffer_.size(),
                     SPLICE_F_NONBLOCK);
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

size_t PipeLogPump::BytesToMove(const LogSource& source,
                                std::string_view seen) {
  if (source.sinks.empty()) return seen.size();
  if (source.InLineOfAnother()) return 0;
  if (!source.by_lines()) return seen.size();
  size_t last = seen.rfind('\n');
  if (last != std::string_view::npos) return last + 1;
  // Its writer may be waiting for us: it is not a line that will end soon.
  return seen.size() >= source.capacity / 4 * 3 ? seen.size() : 0;
}

void PipeLogPump::Count(LogSource& source, size_t moved, size_t lost) {
  LogCounters& counters = owners_[source.owner].counters;
  counters.bytes += static_cast<int64_t>(moved);
  counters.lost_bytes += static_cast<int64_t>(lost);
  lost_bytes_ += static_cast<int64_t>(lost);
  NoteTurn(source, moved);
  NoteGrowth(source);
}

size_t PipeLogPump::Move(LogSource& source, std::string_view bytes) {
  if (source.sinks.empty()) {
    Throw(source, bytes.size());
    return 0;
  }
  if (!source.direct()) return MoveAsText(source, bytes);
  const LogSource::Sink& sink = source.sinks[0];
  return sink.file->Move(source.pipe.get(), bytes, sink.writer, Now());
}

void PipeLogPump::Throw(const LogSource& source, size_t count) {
  std::array<char, 16384> block;
  while (count > 0) {
    ssize_t n =
        read(source.pipe.get(), block.data(), std::min(count, block.size()));
    if (n <= 0) return;
    count -= static_cast<size_t>(n);
  }
}

// -------------------------------------------------------- by way of a batch

size_t PipeLogPump::MoveAsText(LogSource& source, std::string_view bytes) {
  if (transit_.left().has_value()) {
    spdlog::warn("{} bytes of a worker that is gone are lost",
                 transit_.left_bytes().size());
    transit_.End();
  }
  size_t lost = 0;
  while (!bytes.empty()) {
    size_t taken = 0;
    lost += MoveBatch(source, bytes, &taken);
    bytes.remove_prefix(taken);
  }
  return lost;
}

size_t PipeLogPump::MoveBatch(LogSource& source, std::string_view bytes,
                              size_t* taken) {
  LogNow now = Now();
  bool any = false;
  for (LogSource::Sink& sink : source.sinks) {
    sink.ready = sink.file->Prepare(now);
    any |= sink.ready;
  }
  *taken = any ? TakeText(source, bytes, now) : bytes.size();
  LogTransit::Note note{source.owner, source.origin.stream, now.wall, {}};
  for (LogSource::Sink& sink : source.sinks) {
    note.targets.push_back(
        sink.ready ? sink.file->Spot(sink.writer, source.format.raw())
                   : LogTransit::Target());
  }
  size_t moved = any ? transit_.Begin(note, source.pipe.get(), *taken) : 0;
  if (moved == 0) {
    Throw(source, *taken);
    for (LogSource::Sink& sink : source.sinks) sink.file->Lose(*taken);
    return *taken;
  }
  if (moved < *taken) {
    *taken = moved;
    text_.clear();
    source.format.Append(bytes.substr(0, moved), now.wall, kUnlimited, text_);
  }
  size_t lost = WriteText(source, note, now);
  transit_.End();
  return lost;
}

size_t PipeLogPump::WriteText(LogSource& source, const LogTransit::Note& note,
                              LogNow now) {
  size_t lost = 0;
  for (size_t i = 0; i < source.sinks.size(); ++i) {
    LogSource::Sink& sink = source.sinks[i];
    if (sink.ready && i < note.targets.size()) {
      lost = std::max(
          lost, sink.file->WriteAt(note.targets[i], text_, sink.writer, now));
    } else {
      sink.file->Lose(text_.size());
      lost = text_.size();
    }
  }
  return lost;
}

size_t PipeLogPump::TakeText(LogSource& source, std::string_view bytes,
                             LogNow now) {
  size_t taken = FillText(source, bytes, now);
  if (taken > 0) return taken;
  size_t end = std::min(bytes.find('\n'), bytes.size() - 1);
  std::string_view line = bytes.substr(0, end + 1);
  source.format.Append(line, now.wall, kUnlimited, text_);
  RotateForLine(source, text_.size(), now);
  // Now they have room; or no file has room for such a line.
  taken = FillText(source, bytes, now);
  if (taken > 0) return taken;
  return source.format.Append(line, now.wall, kUnlimited, text_);
}

size_t PipeLogPump::FillText(LogSource& source, std::string_view bytes,
                             LogNow now) {
  size_t room = kUnlimited;
  for (const LogSource::Sink& sink : source.sinks) {
    if (sink.ready) room = std::min(room, sink.file->room());
  }
  text_.clear();
  return source.format.Append(bytes, now.wall, room, text_);
}

void PipeLogPump::RotateForLine(LogSource& source, size_t line, LogNow now) {
  for (LogSource::Sink& sink : source.sinks) {
    if (!sink.ready || sink.file->empty() || sink.file->room() >= line) {
      continue;
    }
    sink.file->Rotate(now);
    sink.ready = sink.file->Prepare(now);
  }
}

// What an agent before this one was about to write when it was killed.
void PipeLogPump::FinishLeftBatch(LogSource& source) {
  const std::optional<LogTransit::Note>& left = transit_.left();
  if (!left.has_value() || left->owner != source.owner ||
      left->stream != source.origin.stream) {
    return;
  }
  LogNow now = Now();
  for (LogSource::Sink& sink : source.sinks) {
    sink.ready = sink.file->Prepare(now);
  }
  text_.clear();
  source.format.Append(transit_.left_bytes(), left->time, kUnlimited, text_);
  size_t lost = WriteText(source, *left, now);
  if (source.origin.stream == LogStreamKind::kErr) {
    owners_[source.owner].stderr_tail.Add(transit_.left_bytes());
  }
  Count(source, transit_.left_bytes().size(), lost);
  transit_.End();
}

}  // namespace fleet::agent
