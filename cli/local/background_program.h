// Starts a program that goes on when this one ends.
#ifndef FLEET_CLI_LOCAL_BACKGROUND_PROGRAM_H_
#define FLEET_CLI_LOCAL_BACKGROUND_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleet::cli {

// Where `name` is: beside this program's own executable, else along PATH.
// Absolute. NOT_FOUND says where it was looked for.
absl::StatusOr<std::string> FindProgram(const std::string& name,
                                        const std::string& path_variable);

// Runs argv[0], a path, in a session of its own, from the root folder, with
// nothing on standard input and its output appended to `log_file`.
absl::StatusOr<pid_t> StartInBackground(const std::vector<std::string>& argv,
                                        const std::string& log_file);

// The same with "--ready-fd 3" added: blocks until the program has written to
// that descriptor. FAILED_PRECONDITION when it ended before;
// DEADLINE_EXCEEDED after `limit`, it then goes on.
absl::Status StartUntilReady(std::vector<std::string> argv,
                             const std::string& log_file, absl::Duration limit);

// The last `lines` lines of a file, each indented by two.
std::string LogTail(const std::string& file, int lines);

}  // namespace fleet::cli

#endif  // FLEET_CLI_LOCAL_BACKGROUND_PROGRAM_H_
