#include "proto/rpc/status.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fleet {
namespace {

// The payload is "REASON\0key\0value\0key\0value"; only this file reads it.
constexpr char kReasonUrl[] = "fleet/error-reason";

}  // namespace

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

absl::Status ErrorWithReason(absl::StatusCode code, std::string_view message,
                             ErrorReason reason) {
  absl::Status status(code, ToAbsl(message));
  std::string payload = reason.reason;
  for (const auto& [key, value] : reason.metadata) {
    absl::StrAppend(&payload, std::string(1, '\0'), key, std::string(1, '\0'),
                    value);
  }
  status.SetPayload(kReasonUrl, absl::Cord(payload));
  return status;
}

ErrorReason ReasonOf(const absl::Status& status) {
  ErrorReason result;
  auto payload = status.GetPayload(kReasonUrl);
  if (!payload.has_value()) return result;
  std::vector<std::string> parts =
      absl::StrSplit(std::string(*payload), absl::ByChar('\0'));
  result.reason = parts[0];
  for (size_t i = 1; i + 1 < parts.size(); i += 2) {
    result.metadata[parts[i]] = parts[i + 1];
  }
  return result;
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status result(status.code(),
                      absl::StrCat(ToAbsl(context), ": ", status.message()));
  status.ForEachPayload(
      [&result](absl::string_view url, const absl::Cord& payload) {
        result.SetPayload(url, payload);
      });
  return result;
}

absl::Status ErrnoStatus(int error_number, std::string_view what) {
  return absl::Status(
      absl::ErrnoToStatusCode(error_number),
      absl::StrCat(ToAbsl(what), ": ", std::strerror(error_number)));
}

}  // namespace fleet
