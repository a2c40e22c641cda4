// Who holds a lock file, and how to end them.
#ifndef FLEET_CLI_LOCAL_LOCK_HOLDER_H_
#define FLEET_CLI_LOCAL_LOCK_HOLDER_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fleet::cli {

// The process that holds the flock on `path`, by the first number in the file.
// Nothing when there is no file or nobody holds it.
std::optional<pid_t> LockHolder(const std::string& path);

// Nobody holds the lock, and its last holder did not end by itself: one that
// does leaves the file empty.
bool HolderWasKilled(const std::string& path);

// Blocks until a child of ours has ended. DEADLINE_EXCEEDED as below; an error
// with its exit code when that is not 0.
absl::Status AwaitChild(pid_t pid, const std::string& program,
                        absl::Duration limit);

// Sends SIGTERM and blocks until the process is gone. DEADLINE_EXCEEDED names
// it when it lives on after `limit`; it is not killed. `program` is the name
// its executable must have, so that a pid that was given anew is safe.
absl::Status EndProcess(pid_t pid, const std::string& program,
                        absl::Duration limit);

}  // namespace fleet::cli

#endif  // FLEET_CLI_LOCAL_LOCK_HOLDER_H_
