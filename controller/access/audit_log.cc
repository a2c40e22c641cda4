#include "controller/access/audit_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "proto/rpc/x509.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

using nlohmann::json;

constexpr size_t kMostBytes = 1000;
constexpr int64_t kForgetStep = 1000;
constexpr char kColumns[] = "SELECT seq, time_ms, body, hash FROM audit ";

// Not in the middle of a character.
void Cut(std::string& text) {
  if (text.size() <= kMostBytes) return;
  size_t end = kMostBytes;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  text.resize(end);
}

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Stored without what has columns of its own.
std::string ToBody(const AuditRecord& record) {
  json body = {{"actor", record.actor},   {"peer", record.peer},
               {"method", record.method}, {"subject", record.subject},
               {"hosts", record.hosts},   {"outcome", record.outcome},
               {"epoch", record.epoch}};
  if (!record.rollout.empty()) body["rollout"] = record.rollout;
  return Dump(body);
}

AuditRecord FromRow(const SqliteRow& row) {
  AuditRecord record;
  record.seq = row.Int(0);
  record.time = absl::FromUnixMillis(row.Int(1));
  record.hash = row.Text(3);
  const json body = json::parse(row.Text(2), nullptr, false);
  if (!body.is_object()) return record;  // Its hash will not fit.
  const auto text = [&body](const char* key) {
    auto it = body.find(key);
    return it != body.end() && it->is_string() ? it->get<std::string>() : "";
  };
  record.actor = text("actor");
  record.peer = text("peer");
  record.method = text("method");
  record.subject = text("subject");
  record.hosts = text("hosts");
  record.outcome = text("outcome");
  record.rollout = text("rollout");
  auto epoch = body.find("epoch");
  if (epoch != body.end() && epoch->is_number_integer()) {
    record.epoch = epoch->get<int64_t>();
  }
  return record;
}

}  // namespace

std::string AuditBody(const AuditRecord& record) {
  json body =
      json::array({record.seq, absl::ToUnixMillis(record.time), record.actor,
                   record.peer, record.method, record.subject, record.hosts,
                   record.outcome, record.epoch});
  if (!record.rollout.empty()) body.push_back(record.rollout);
  return Dump(body);
}

std::string AuditHash(const std::string& previous, const AuditRecord& record) {
  return Sha256Hex(absl::StrCat(previous, "\n", AuditBody(record)));
}

absl::Status AuditLog::Open() {
  RETURN_IF_ERROR(
      database_.Query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
                      {}, [this](const SqliteRow& row) {
                        last_seq_ = row.Int(0);
                        last_hash_ = row.Text(1);
                      }));
  return absl::OkStatus();
}

void AuditLog::Append(AuditRecord record) {
  if (lost_ > 0) {
    absl::StrAppend(&record.outcome, " (", lost_,
                    " records before this one could not be written)");
  }
  absl::Status written = Write(record);
  if (written.ok()) {
    lost_ = 0;
    last_seq_ = record.seq;
    last_hash_ = record.hash;
    return;
  }
  ++lost_;
  spdlog::error("audit actor=\"{}\" method={} subject=\"{}\" not recorded: {}",
                record.actor, record.method, record.subject,
                ToStd(written.message()));
}

absl::Status AuditLog::Write(AuditRecord& record) {
  for (std::string* text : {&record.actor, &record.peer, &record.subject,
                            &record.hosts, &record.outcome, &record.rollout}) {
    Cut(*text);
  }
  record.seq = last_seq_ + 1;
  record.time = absl::FromUnixMillis(absl::ToUnixMillis(clock_.WallNow()));
  record.epoch = epoch_;
  record.hash = AuditHash(last_hash_, record);
  return database_.Transaction([&] {
    RETURN_IF_ERROR(database_.Run(
        "INSERT INTO audit (seq, time_ms, body, hash) VALUES (?, ?, ?, ?)",
        {record.seq, absl::ToUnixMillis(record.time), ToBody(record),
         record.hash}));
    return record.seq % std::min(kForgetStep, most_) == 0 ? Forget()
                                                          : absl::OkStatus();
  });
}

// The newest that is forgotten stays as the anchor of the chain.
absl::Status AuditLog::Forget() {
  return database_.Run("DELETE FROM audit WHERE seq < ?", {last_seq_ - most_});
}

absl::StatusOr<std::vector<AuditRecord>> AuditLog::List(const Query& query) {
  std::vector<AuditRecord> records;
  const int64_t since =
      query.since == absl::InfinitePast() ? 0 : absl::ToUnixMillis(query.since);
  const auto take = [&](const SqliteRow& row) {
    AuditRecord record = FromRow(row);
    const bool wanted = query.actor.empty() || record.actor == query.actor;
    if (wanted && records.size() < static_cast<size_t>(query.limit)) {
      records.push_back(std::move(record));
    }
  };
  // An actor is rare among many: all are walked, a million takes a second.
  const int64_t rows = query.actor.empty() ? query.limit : kMostRecords;
  if (query.newest) {
    RETURN_IF_ERROR(database_.Query(
        absl::StrCat(kColumns, "WHERE time_ms >= ? ORDER BY seq DESC LIMIT ?"),
        {since, rows}, take));
    std::reverse(records.begin(), records.end());
    return records;
  }
  RETURN_IF_ERROR(database_.Query(
      absl::StrCat(kColumns,
                   "WHERE seq > ? AND time_ms >= ? ORDER BY seq LIMIT ?"),
      {query.after_seq, since, rows}, take));
  return records;
}

absl::StatusOr<AuditLog::Verdict> AuditLog::Verify() {
  Verdict verdict;
  std::string previous;
  int64_t next = 1;
  RETURN_IF_ERROR(database_.Query(
      absl::StrCat(kColumns, "ORDER BY seq"), {}, [&](const SqliteRow& row) {
        const AuditRecord record = FromRow(row);
        const bool anchor = verdict.records++ == 0 && record.seq > 1;
        if (verdict.first_seq == 0) verdict.first_seq = record.seq;
        if (anchor) next = record.seq;
        if (verdict.broken_seq == 0 && record.seq != next) {
          verdict.broken_seq = next;
          verdict.reason = absl::StrCat("record ", next, " is missing");
        } else if (verdict.broken_seq == 0 && !anchor &&
                   record.hash != AuditHash(previous, record)) {
          verdict.broken_seq = record.seq;
          verdict.reason = absl::StrCat("record ", record.seq,
                                        " does not fit its hash: it or the "
                                        "one before it was changed");
        }
        next = record.seq + 1;
        previous = record.hash;
      }));
  // Fewer are left than are ever forgotten to.
  if (verdict.first_seq > 1 && last_seq_ - verdict.first_seq < most_) {
    verdict.broken_seq = 1;
    verdict.reason = absl::StrCat("records 1 to ", verdict.first_seq - 1,
                                  " are missing at the beginning");
  }
  if (verdict.broken_seq == 0 && next - 1 != last_seq_) {
    verdict.broken_seq = next;
    verdict.reason = absl::StrCat("records ", next, " to ", last_seq_,
                                  " are missing at the end");
  }
  verdict.newest_hash = previous;
  return verdict;
}

}  // namespace fleet::controller
