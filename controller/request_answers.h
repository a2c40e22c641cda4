// Requests that were answered already.
#ifndef FLEET_CONTROLLER_REQUEST_ANSWERS_H_
#define FLEET_CONTROLLER_REQUEST_ANSWERS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/store/store.h"

namespace fleet::controller {

// INVALID_ARGUMENT: a request that is sent again is about the same as before.
absl::Status RequestIdReused(const std::string& request_id,
                             const std::string& used_for);

// Makes a request with an id take effect once, however often it is sent. The
// newest 10,000 are remembered. Loop thread only.
class RequestAnswers {
 public:
  // `store` outlives it.
  explicit RequestAnswers(Store& store) : store_(store) {}

  // The body of the answer that was given; nullopt: it is new (or has no id).
  // INVALID_ARGUMENT: the id is over 64 bytes, or was used for another method.
  absl::StatusOr<std::optional<std::string>> Find(const std::string& request_id,
                                                  const std::string& method);

  // For the change that the request makes; nullopt without an id.
  static std::optional<Answer> Make(const std::string& request_id,
                                    const std::string& method,
                                    std::string body);
  // By itself, when it cannot be part of the change.
  absl::Status Save(std::optional<Answer> answer);

 private:
  Store& store_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_REQUEST_ANSWERS_H_
