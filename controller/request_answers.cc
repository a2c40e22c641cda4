#include "controller/request_answers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxRequestId = 64;

}  // namespace

absl::Status RequestIdReused(const std::string& request_id,
                             const std::string& used_for) {
  return absl::InvalidArgumentError(
      absl::StrCat("request_id \"", request_id, "\" was already used for ",
                   used_for, "; make a new one for each request"));
}

absl::StatusOr<std::optional<std::string>> RequestAnswers::Find(
    const std::string& request_id, const std::string& method) {
  if (request_id.empty()) return std::nullopt;
  if (request_id.size() > kMaxRequestId) {
    return absl::InvalidArgumentError(absl::StrCat(
        "request_id: ", request_id.size(), " bytes; at most ", kMaxRequestId));
  }
  ASSIGN_OR_RETURN(std::optional<Answer> answer, store_.FindAnswer(request_id));
  if (!answer) return std::nullopt;
  if (answer->method != method) {
    return RequestIdReused(request_id, answer->method);
  }
  return std::move(answer->body);
}

std::optional<Answer> RequestAnswers::Make(const std::string& request_id,
                                           const std::string& method,
                                           std::string body) {
  if (request_id.empty()) return std::nullopt;
  return Answer{request_id, method, std::move(body)};
}

absl::Status RequestAnswers::Save(std::optional<Answer> answer) {
  if (!answer) return absl::OkStatus();
  StoreChange change;
  change.answer = std::move(answer);
  return store_.Save(change);
}

}  // namespace fleet::controller
