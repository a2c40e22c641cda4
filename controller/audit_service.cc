#include "controller/audit_service.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "controller/access_proto.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using Effect = CallGate::Effect;

constexpr int kDefaultPage = 100;
constexpr int kLargestPage = 1000;

absl::StatusOr<AuditLog::Query> ToQuery(
    const v1::ListAuditRecordsRequest& request) {
  AuditLog::Query query;
  if (request.has_since()) query.since = fleet::FromProto(request.since());
  query.actor = request.actor();
  query.newest = request.newest();
  query.limit = request.page_size() == 0 ? kDefaultPage : request.page_size();
  if (query.limit < 1 || query.limit > kLargestPage) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", query.limit,
                     " is out of range, it must be 1 to ", kLargestPage));
  }
  if (!request.page_token().empty() &&
      !absl::SimpleAtoi(request.page_token(), &query.after_seq)) {
    return absl::InvalidArgumentError(
        "page_token: it is not one that a page ended with");
  }
  return query;
}

}  // namespace

absl::Status AuditService::List(const v1::ListAuditRecordsRequest& request,
                                v1::ListAuditRecordsResponse& response) {
  ASSIGN_OR_RETURN(AuditLog::Query query, ToQuery(request));
  ASSIGN_OR_RETURN(std::vector<AuditRecord> records, log_.List(query));
  for (const AuditRecord& record : records) {
    *response.add_records() = ToProto(record);
  }
  if (!query.newest && records.size() == static_cast<size_t>(query.limit)) {
    response.set_next_page_token(absl::StrCat(records.back().seq));
  }
  return absl::OkStatus();
}

absl::Status AuditService::Verify(v1::VerifyAuditResponse& response) {
  ASSIGN_OR_RETURN(AuditLog::Verdict verdict, log_.Verify());
  response.set_intact(verdict.broken_seq == 0);
  response.set_records(verdict.records);
  response.set_first_seq(verdict.first_seq);
  response.set_broken_seq(verdict.broken_seq);
  response.set_reason(verdict.reason);
  response.set_newest_hash(verdict.newest_hash);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* AuditService::ListAuditRecords(
    grpc::CallbackServerContext* context,
    const v1::ListAuditRecordsRequest* request,
    v1::ListAuditRecordsResponse* response) {
  return gate_.Unary(context, "/fleet.v1.AuditService/ListAuditRecords",
                     Effect::kRead, *request, [=, this](const Identity&) {
                       return List(*request, *response);
                     });
}

grpc::ServerUnaryReactor* AuditService::VerifyAudit(
    grpc::CallbackServerContext* context, const v1::VerifyAuditRequest* request,
    v1::VerifyAuditResponse* response) {
  return gate_.Unary(context, "/fleet.v1.AuditService/VerifyAudit",
                     Effect::kRead, *request,
                     [=, this](const Identity&) { return Verify(*response); });
}

}  // namespace fleet::controller
