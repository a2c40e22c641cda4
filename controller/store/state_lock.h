// One controller per state folder.
#ifndef FLEET_CONTROLLER_STORE_STATE_LOCK_H_
#define FLEET_CONTROLLER_STORE_STATE_LOCK_H_

#include <string>

#include "absl/status/statusor.h"

namespace fleet::controller {

// Holds an exclusive lock on FOLDER/controller.lock, which carries the pid of
// its holder, until it is destroyed or the process ends. main takes it before
// it opens the store or a socket. Immutable once taken.
class StateLock {
 public:
  // ALREADY_EXISTS names the pid of the controller that holds the folder.
  static absl::StatusOr<StateLock> Take(const std::string& folder);

  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&& other) noexcept;
  ~StateLock();

 private:
  explicit StateLock(int fd) : fd_(fd) {}

  int fd_ = -1;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_STATE_LOCK_H_
