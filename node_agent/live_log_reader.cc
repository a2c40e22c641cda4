#include "node_agent/live_log_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// What a person should know before an empty answer.
std::string UnkeptNote(const std::vector<std::string>& apps, bool follow) {
  return absl::StrCat(absl::StrJoin(apps, ", "),
                      apps.size() == 1 ? " keeps" : " keep",
                      " no logs (disable_logs, or out_file is no plain file): ",
                      follow ? "what is written from now on is shown"
                             : "only logs -f shows what is being written");
}

}  // namespace

LiveLogReader::~LiveLogReader() {
  *alive_ = false;
  pump_.SetOutputWatcher(nullptr);
}

absl::StatusOr<LogReader::ScanId> LiveLogReader::Open(const LogQuery& query,
                                                      Deliver deliver) {
  ASSIGN_OR_RETURN(LogFilter filter, LogFilter::Make(query));
  auto id_of = std::make_shared<ScanId>(0);
  ASSIGN_OR_RETURN(ScanId id, files_.Open(query, [this, id_of](LogBatch batch) {
    OnFiles(*id_of, std::move(batch));
  }));
  *id_of = id;
  auto scan =
      std::make_unique<Scan>(query, std::move(filter), std::move(deliver));
  const std::vector<std::string> unkept = pump_.AppsWithoutFiles(query.apps);
  if (!unkept.empty()) {
    scan->batch.notes.push_back(UnkeptNote(unkept, query.follow));
    scan->has_batch = true;
  }
  scans_[id] = std::move(scan);
  Watch();
  return id;
}

void LiveLogReader::Watch() {
  const bool any = std::any_of(scans_.begin(), scans_.end(), [](auto& entry) {
    return entry.second->follow;
  });
  if (!any) {
    begun_.clear();
    return pump_.SetOutputWatcher(nullptr);
  }
  pump_.SetOutputWatcher([this](const LogOutput& output) { OnOutput(output); });
}

void LiveLogReader::Pull(ScanId id) {
  auto found = scans_.find(id);
  if (found == scans_.end()) return;
  Scan& scan = *found->second;
  scan.pulled = true;
  if (scan.has_batch || (scan.caught_up && !scan.lines.empty())) {
    DeliverLater(id, scan);
  }
  if (!scan.files_pulled && !scan.has_batch) {
    scan.files_pulled = true;
    files_.Pull(id);
  }
}

void LiveLogReader::Close(ScanId id) {
  files_.Close(id);
  if (scans_.erase(id) > 0) Watch();
}

void LiveLogReader::OnFiles(ScanId id, LogBatch batch) {
  auto found = scans_.find(id);
  if (found == scans_.end()) return;
  Scan& scan = *found->second;
  scan.files_pulled = false;
  scan.caught_up |= batch.caught_up;
  FLEET_CHECK(!scan.has_batch);
  scan.batch = std::move(batch);
  scan.has_batch = true;
  DeliverLater(id, scan);
}

// Posted, since a deliverer may close the scan, or pull at once.
void LiveLogReader::DeliverLater(ScanId id, Scan& scan) {
  if (std::exchange(scan.posted, true)) return;
  loop_.Post([this, alive = alive_, id] {
    if (*alive) DeliverNow(id);
  });
}

void LiveLogReader::DeliverNow(ScanId id) {
  auto found = scans_.find(id);
  if (found == scans_.end()) return;
  Scan& scan = *found->second;
  scan.posted = false;
  if (!scan.pulled) return;
  LogBatch batch = std::exchange(scan.batch, {});
  scan.has_batch = false;
  if (scan.caught_up) {
    std::move(scan.lines.begin(), scan.lines.end(),
              std::back_inserter(batch.lines));
    scan.lines.clear();
    scan.line_bytes = 0;
    batch.skipped_bytes += std::exchange(scan.skipped, 0);
  }
  scan.pulled = false;
  const Deliver deliver = scan.deliver;
  deliver(std::move(batch));
}

// -------------------------------------------------------------- what is live

void LiveLogReader::OnOutput(const LogOutput& output) {
  const Stream stream{output.owner, output.origin.stream};
  std::string& begun = begun_[stream];
  std::string_view bytes = output.bytes;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    std::string_view piece = bytes.substr(0, end);
    begun.append(piece.substr(0, kMaxLine - std::min(kMaxLine, begun.size())));
    if (end == std::string_view::npos) break;
    AddLine(output, begun);
    begun.clear();
    bytes.remove_prefix(end + 1);
  }
  if (begun.empty()) begun_.erase(stream);
}

void LiveLogReader::AddLine(const LogOutput& output, std::string_view line) {
  for (auto& [id, scan] : scans_) {
    if (!scan->follow || !scan->selection.Matches(output.origin)) continue;
    if (scan->line_bytes + line.size() > kMaxBytes) {
      scan->skipped += static_cast<int64_t>(line.size()) + 1;
      continue;
    }
    if (!scan->filter.Passes(output.time, line)) continue;
    scan->lines.push_back(
        {output.time, output.origin, std::string(line), 0, 0});
    scan->line_bytes += line.size() + sizeof(LogRecord);
    if (scan->caught_up && scan->pulled) DeliverLater(id, *scan);
  }
}

}  // namespace fleet::agent
