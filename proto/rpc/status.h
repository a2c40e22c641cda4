// absl::Status with the two macros of this project and a reason for programs.
#ifndef FLEET_PROTO_RPC_STATUS_H_
#define FLEET_PROTO_RPC_STATUS_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Ends the enclosing function with the status if it is not OK.
#define RETURN_IF_ERROR(expr)                             \
  do {                                                    \
    if (auto fleet_status_ = (expr); !fleet_status_.ok()) \
      return fleet_status_;                               \
  } while (false)

#define FLEET_CONCAT_INNER_(a, b) a##b
#define FLEET_CONCAT_(a, b) FLEET_CONCAT_INNER_(a, b)

// ASSIGN_OR_RETURN(auto value, Compute());
#define ASSIGN_OR_RETURN(lhs, expr) \
  FLEET_ASSIGN_OR_RETURN_(FLEET_CONCAT_(fleet_statusor_, __LINE__), lhs, expr)
#define FLEET_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                            \
  if (!tmp.ok()) return tmp.status();           \
  lhs = std::move(tmp).value()

// Ends the process: an invariant of our own does not hold.
#define FLEET_CHECK(condition)                                              \
  do {                                                                      \
    if (!(condition)) ::fleet::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

namespace fleet {

[[noreturn]] void CheckFailed(const char* file, int line,
                              const char* condition);

// Debian's absl::string_view is a class of its own.
inline absl::string_view ToAbsl(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}
inline std::string_view ToStd(absl::string_view s) {
  return std::string_view(s.data(), s.size());
}

// What a program needs to know of an error, beside the code: a constant
// UPPER_SNAKE_CASE reason (the services' protos list them) and its details.
struct ErrorReason {
  std::string reason;
  std::map<std::string, std::string> metadata;
};

// A status whose message is for a person and whose reason is for a program.
absl::Status ErrorWithReason(absl::StatusCode code, std::string_view message,
                             ErrorReason reason);

// The reason a status carries; its `reason` is empty when there is none.
ErrorReason ReasonOf(const absl::Status& status);

// The same code and reason, with "context: " before the message.
absl::Status Annotate(const absl::Status& status, std::string_view context);

// "what: strerror(error_number)", with a code that fits the number.
absl::Status ErrnoStatus(int error_number, std::string_view what);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_STATUS_H_
