// fleetctl audit: who did what.
#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/render/access_text.h"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

constexpr int kPage = 1000;

ExitCode Verify(const CommandContext& context) {
  const auto verdict = context.client.Call(v1::VerifyAuditRequest());
  if (!verdict.ok()) return Fail(context, verdict.status());
  if (!PrintMessage(context, *verdict)) {
    if (verdict->intact()) {
      context.out << verdict->records() << " records, from "
                  << verdict->first_seq() << " on, intact; the newest hash is "
                  << verdict->newest_hash() << "\n";
    } else {
      context.err << "fleetctl: the audit log was tampered with: "
                  << verdict->reason() << std::endl;
    }
  }
  return verdict->intact() ? ExitCode::kSuccess : ExitCode::kError;
}

// All from --since on, page by page; without it the newest.
absl::StatusOr<v1::ListAuditRecordsResponse> List(
    const CommandContext& context) {
  v1::ListAuditRecordsRequest request;
  request.set_actor(context.line.actor);
  if (context.line.audit_since == absl::InfinitePast()) {
    request.set_newest(true);
    request.set_page_size(context.line.records);
    return context.client.Call(request);
  }
  *request.mutable_since() = ToProtoTimestamp(context.line.audit_since);
  request.set_page_size(kPage);
  v1::ListAuditRecordsResponse all;
  for (;;) {
    auto page = context.client.Call(request);
    if (!page.ok()) return page.status();
    all.mutable_records()->MergeFrom(page->records());
    if (page->next_page_token().empty()) return all;
    request.set_page_token(page->next_page_token());
  }
}

}  // namespace

ExitCode RunAudit(const CommandContext& context) {
  if (context.line.verify) return Verify(context);
  const auto records = List(context);
  if (!records.ok()) return Fail(context, records.status());
  if (PrintMessage(context, *records)) return ExitCode::kSuccess;
  context.out << AuditTable(*records, context.out_style);
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
