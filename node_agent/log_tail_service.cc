#include "node_agent/log_tail_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/proto_time.h"

namespace fleet::agent {
namespace {

constexpr size_t kChunkLines = 500;
constexpr size_t kChunkBytes = 256 << 10;
constexpr int kMaxLines = 10'000;
// Lines that come together go together.
constexpr absl::Duration kFlushDelay = absl::Milliseconds(5);
constexpr size_t kLineOverhead = 64;

LogQuery ToQuery(const v1::TailCommand& command) {
  LogQuery query;
  query.apps.assign(command.apps().begin(), command.apps().end());
  query.lines = std::clamp(command.lines(), 0, kMaxLines);
  query.out = command.stream() != v1::LOG_STREAM_ERR;
  query.err = command.stream() != v1::LOG_STREAM_OUT;
  return query;
}

size_t SizeOf(const v1::LogLine& line) {
  return line.text().size() + line.app().size() + line.host().size() +
         kLineOverhead;
}

}  // namespace

LogTailService::LogTailService(EventLoop& loop, LogPump& pump, std::string host)
    : loop_(loop), pump_(pump), host_(std::move(host)) {}

LogTailService::~LogTailService() { CancelAll(); }

void LogTailService::Run(const v1::Command& command) {
  switch (command.command_case()) {
    case v1::Command::kTail:
      Begin(command.id(), command.tail());
      return;
    case v1::Command::kCancel:
      Cancel(command.cancel().id());
      return;
    case v1::Command::kSignal:
    case v1::Command::kSend:
    case v1::Command::kReset:
    case v1::Command::kInspect:
    case v1::Command::kCheck:
    case v1::Command::COMMAND_NOT_SET:
      Finish(command.id(),
             static_cast<int32_t>(absl::StatusCode::kUnimplemented),
             "this agent does not know the command");
      return;
  }
}

void LogTailService::Begin(const std::string& id,
                           const v1::TailCommand& command) {
  if (tails_.contains(id)) return;
  if (tails_.size() >= kMaxTails) {
    Finish(
        id, static_cast<int32_t>(absl::StatusCode::kResourceExhausted),
        absl::StrCat(host_, " sends logs to ", kMaxTails, " readers already"));
    return;
  }
  Tail& tail = tails_[id];
  tail.follow = command.follow();
  LogQuery query = ToQuery(command);
  if (query.lines > 0) AddBacklog(tail, pump_.Last(query));
  if (tail.follow) {
    tail.subscription = pump_.Subscribe(
        query, [this, id](const LogRecord& record) { OnLine(id, record); });
  }
  Flush();
}

void LogTailService::AddBacklog(Tail& tail,
                                const std::vector<LogRecord>& records) {
  size_t first = records.size();
  size_t bytes = 0;
  while (first > 0 && bytes < kMaxBacklogBytes) {
    bytes += records[--first].text.size() + kLineOverhead;
  }
  tail.dropped += static_cast<int64_t>(first);
  for (; first < records.size(); ++first) {
    tail.lines.push_back(ToLine(records[first]));
    tail.bytes += SizeOf(tail.lines.back());
  }
  tail.backlog = tail.lines.size();
}

void LogTailService::Cancel(const std::string& id) {
  auto tail = tails_.find(id);
  if (tail == tails_.end()) return;
  if (tail->second.subscription != 0) {
    pump_.Unsubscribe(tail->second.subscription);
  }
  tails_.erase(tail);
}

void LogTailService::CancelAll() {
  while (!tails_.empty()) Cancel(std::string(tails_.begin()->first));
  loop_.CancelTimer(std::exchange(flush_timer_, 0));
}

void LogTailService::Finish(const std::string& id, int32_t code,
                            const std::string& message) {
  v1::CommandResult result;
  result.set_id(id);
  result.set_code(code);
  result.set_message(message);
  sender_.send_result(std::move(result));
}

void LogTailService::OnLine(const std::string& id, const LogRecord& record) {
  auto tail = tails_.find(id);
  if (tail == tails_.end()) return;
  ScheduleFlush();
  v1::LogLine line = ToLine(record);
  size_t size = SizeOf(line);
  if (tail->second.bytes + size > kMaxBufferedBytes) {
    ++tail->second.dropped;
    return;
  }
  tail->second.bytes += size;
  tail->second.lines.push_back(std::move(line));
}

v1::LogLine LogTailService::ToLine(const LogRecord& record) const {
  v1::LogLine line;
  *line.mutable_time() = ToProtoTimestamp(record.time);
  line.set_host(host_);
  line.set_app(record.app);
  line.set_slot(record.slot);
  line.set_stream(record.stream == LogStreamKind::kOut ? v1::LOG_STREAM_OUT
                                                       : v1::LOG_STREAM_ERR);
  line.set_text(record.text);
  return line;
}

void LogTailService::ScheduleFlush() {
  if (flush_timer_ != 0) return;
  flush_timer_ = loop_.AddTimerAfter(kFlushDelay, [this] {
    flush_timer_ = 0;
    Flush();
  });
}

bool LogTailService::Drained(const Tail& tail) const {
  return tail.lines.empty() && tail.dropped == 0 && !tail.caught_up_unsent;
}

bool LogTailService::SendChunk(const std::string& id, Tail& tail) {
  v1::LogChunk chunk;
  chunk.set_command_id(id);
  chunk.set_dropped(tail.dropped);
  size_t bytes = 0;
  size_t count = 0;
  while (count < tail.lines.size() && count < kChunkLines &&
         bytes < kChunkBytes) {
    bytes += SizeOf(tail.lines[count]);
    *chunk.add_lines() = tail.lines[count++];
  }
  bool caught_up = tail.caught_up_unsent && count >= tail.backlog;
  chunk.set_caught_up(caught_up);
  if (!sender_.send_chunk(std::move(chunk))) return false;
  tail.lines.erase(tail.lines.begin(),
                   tail.lines.begin() + static_cast<std::ptrdiff_t>(count));
  tail.bytes -= bytes;
  tail.dropped = 0;
  tail.backlog -= std::min(tail.backlog, count);
  if (caught_up) tail.caught_up_unsent = false;
  return true;
}

void LogTailService::Flush() {
  std::vector<std::string> finished;
  for (auto& [id, tail] : tails_) {
    while (!Drained(tail)) {
      if (!SendChunk(id, tail)) return;
    }
    if (!tail.follow) finished.push_back(id);
  }
  for (const std::string& id : finished) {
    Cancel(id);
    Finish(id, 0, "");
  }
}

}  // namespace fleet::agent
