#include "proto/rpc/grpc_status.h"

#include <string>

#include "google/rpc/status_details.pb.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr char kDomain[] = "fleet";
// gRPC's limit for all headers together is 8 KiB, and the message travels
// twice: as text and in the details.
constexpr size_t kMaxMessage = 3000;
constexpr size_t kMaxDetails = 3000;

std::string CutMessage(absl::string_view message) {
  std::string text(message.substr(0, kMaxMessage));
  if (text.size() == message.size()) return text;
  // Not in the middle of a UTF-8 character.
  while (!text.empty() &&
         (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) {
    text.pop_back();
  }
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) {
    text.pop_back();
  }
  return text + "…";
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  auto code = static_cast<grpc::StatusCode>(status.code());
  std::string message = CutMessage(status.message());
  ErrorReason reason = ReasonOf(status);
  if (reason.reason.empty()) return grpc::Status(code, message);
  google::rpc::ErrorInfo info;
  info.set_reason(reason.reason);
  info.set_domain(kDomain);
  for (const auto& [key, value] : reason.metadata) {
    (*info.mutable_metadata())[key] = value;
  }
  if (info.ByteSizeLong() > kMaxDetails / 2) info.clear_metadata();
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.add_details()->PackFrom(info);
  if (details.ByteSizeLong() + message.size() <= kMaxDetails) {
    details.set_message(message);
  }
  return grpc::Status(code, message, details.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (details.ParseFromString(status.error_details())) {
    for (const auto& any : details.details()) {
      if (!any.Is<google::rpc::ErrorInfo>() || !any.UnpackTo(&info) ||
          info.domain() != kDomain) {
        continue;
      }
      ErrorReason reason;
      reason.reason = info.reason();
      reason.metadata = {info.metadata().begin(), info.metadata().end()};
      return ErrorWithReason(code, status.error_message(), std::move(reason));
    }
  }
  return absl::Status(code, status.error_message());
}

}  // namespace fleet
