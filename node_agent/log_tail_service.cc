#include "node_agent/log_tail_service.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kMaxLines = 10'000;

LogQuery ToQuery(const v1::TailCommand& command) {
  LogQuery query;
  query.apps.assign(command.apps().begin(), command.apps().end());
  query.lines = std::clamp(command.lines(), -1, kMaxLines);
  query.out = command.stream() != v1::LOG_STREAM_ERR;
  query.err = command.stream() != v1::LOG_STREAM_OUT;
  query.follow = command.follow();
  const v1::LogFilter& filter = command.filter();
  if (filter.has_since()) query.since = fleet::FromProto(filter.since());
  if (filter.has_until()) query.until = fleet::FromProto(filter.until());
  query.grep = filter.grep();
  query.ignore_case = filter.ignore_case();
  query.invert = filter.invert();
  return query;
}

template <typename Names>
std::vector<std::string> ToVector(const Names& names) {
  return {names.begin(), names.end()};
}

}  // namespace

LogTailService::LogTailService(LogReader& reader, LogPump& pump,
                               std::string host)
    : reader_(reader), pump_(pump), host_(std::move(host)) {}

LogTailService::~LogTailService() { CancelAll(); }

bool LogTailService::Handles(const v1::Command& command) {
  return command.has_tail() || command.has_more() || command.has_cancel() ||
         command.has_empty_logs() || command.has_reopen_logs();
}

void LogTailService::Run(const v1::Command& command) {
  if (command.has_tail()) return Begin(command.id(), command.tail());
  if (command.has_more()) return More(command.more());
  if (command.has_cancel()) return Cancel(command.cancel().id());
  if (command.has_empty_logs()) {
    return Answer(command.id(),
                  pump_.Empty(ToVector(command.empty_logs().apps())));
  }
  if (command.has_reopen_logs()) {
    return Answer(command.id(),
                  pump_.Reopen(ToVector(command.reopen_logs().apps())));
  }
  Finish(command.id(), absl::UnimplementedError(
                           "this agent does not know the command; is it older "
                           "than the controller?"));
}

// ---------------------------------------------------------------- its tails

void LogTailService::Begin(const std::string& id,
                           const v1::TailCommand& command) {
  if (tails_.contains(id)) return;
  if (tails_.size() >= kMaxTails) {
    return Finish(id, absl::ResourceExhaustedError(absl::StrCat(
                          host_, " sends logs to ", kMaxTails,
                          " readers already; end one of them first")));
  }
  absl::StatusOr<LogReader::ScanId> scan =
      reader_.Open(ToQuery(command),
                   [this, id](const LogBatch& batch) { OnBatch(id, batch); });
  if (!scan.ok()) return Finish(id, scan.status());
  Tail& tail = tails_[id];
  tail.scan = *scan;
  tail.bounded = command.window_bytes() > 0;
  tail.window = command.window_bytes();
  LogBatch first;
  first.notes = absl::StrSplit(pump_.Problem(""), '\n', absl::SkipEmpty());
  if (!first.notes.empty()) tail.waiting = ToChunk(id, first);
  Send(tails_.find(id));
}

void LogTailService::More(const v1::MoreCommand& command) {
  auto tail = tails_.find(command.id());
  if (tail == tails_.end()) return;
  tail->second.window += std::max<int64_t>(command.bytes(), 0);
  Send(tail);
}

void LogTailService::Cancel(const std::string& id) {
  auto tail = tails_.find(id);
  if (tail == tails_.end()) return;
  reader_.Close(tail->second.scan);
  tails_.erase(tail);
}

void LogTailService::CancelAll() {
  while (!tails_.empty()) Cancel(std::string(tails_.begin()->first));
}

void LogTailService::OnBatch(const std::string& id, const LogBatch& batch) {
  auto tail = tails_.find(id);
  if (tail == tails_.end()) return;
  tail->second.pulled = false;
  tail->second.done = batch.done;
  tail->second.waiting = ToChunk(id, batch);
  Send(tail);
}

bool LogTailService::Send(Tails::iterator tail) {
  Tail& t = tail->second;
  if (t.waiting.has_value()) {
    auto bytes = static_cast<int64_t>(t.waiting->ByteSizeLong());
    if (!sender_.send_chunk(*t.waiting)) return false;
    t.waiting.reset();
    t.window -= bytes;
  }
  if (t.done) {
    std::string id = tail->first;
    Cancel(id);
    Finish(id, absl::OkStatus());
    return false;
  }
  Pull(t);
  return true;
}

void LogTailService::Pull(Tail& tail) {
  if (tail.pulled || (tail.bounded && tail.window <= 0)) return;
  tail.pulled = true;
  reader_.Pull(tail.scan);
}

void LogTailService::Flush() {
  for (auto tail = tails_.begin(); tail != tails_.end();) {
    auto next = std::next(tail);
    if (tail->second.waiting.has_value()) Send(tail);
    tail = next;
  }
}

v1::LogChunk LogTailService::ToChunk(const std::string& id,
                                     const LogBatch& batch) const {
  v1::LogChunk chunk;
  chunk.set_command_id(id);
  for (const LogRecord& record : batch.lines) {
    v1::LogLine& line = *chunk.add_lines();
    *line.mutable_time() = ToProtoTimestamp(record.time);
    line.set_host(host_);
    line.set_app(record.origin.app);
    line.set_slot(record.origin.slot);
    line.set_stream(record.origin.stream == LogStreamKind::kOut
                        ? v1::LOG_STREAM_OUT
                        : v1::LOG_STREAM_ERR);
    line.set_text(record.text);
    line.set_cut_bytes(record.cut_bytes);
    line.set_position(record.position);
  }
  chunk.set_caught_up(batch.caught_up);
  chunk.set_skipped_bytes(batch.skipped_bytes);
  if (batch.scanned_to != absl::InfinitePast()) {
    *chunk.mutable_scanned_to() = ToProtoTimestamp(batch.scanned_to);
  }
  for (const std::string& note : batch.notes) chunk.add_notes(note);
  return chunk;
}

// ------------------------------------------------------------------- answers

void LogTailService::Finish(const std::string& id, const absl::Status& status) {
  v1::CommandResult result;
  result.set_id(id);
  result.set_code(static_cast<int32_t>(status.code()));
  result.set_message(std::string(ToStd(status.message())));
  sender_.send_result(std::move(result));
}

void LogTailService::Answer(const std::string& id, const LogFilesDone& done) {
  v1::CommandResult result;
  result.set_id(id);
  result.set_log_files(done.files);
  result.set_log_bytes(done.bytes);
  if (!done.problems.empty()) {
    result.set_code(
        static_cast<int32_t>(absl::StatusCode::kFailedPrecondition));
    result.set_message(absl::StrJoin(done.problems, "; "));
  }
  sender_.send_result(std::move(result));
}

}  // namespace fleet::agent
