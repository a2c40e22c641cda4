// Runs another program to its end and takes what it says.
#ifndef FLEET_CLI_SPEC_FILE_CHILD_OUTPUT_H_
#define FLEET_CLI_SPEC_FILE_CHILD_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleet::cli {

struct ChildOutput {
  // What it wrote to descriptor 3, and to standard output and error together.
  std::string result;
  std::string messages;
  // As a shell gives it: 128 and the signal's number when a signal ended it.
  int exit_code = 0;
};

// Starts argv[0], found along PATH, with the caller's environment and folder,
// nothing on standard input and a pipe on descriptor 3, and blocks until it
// has ended.
//
// NOT_FOUND: there is no such program. DEADLINE_EXCEEDED: it was ended by
// SIGKILL after `limit`. RESOURCE_EXHAUSTED: it wrote over 16 MiB.
absl::StatusOr<ChildOutput> RunForOutput(const std::vector<std::string>& argv,
                                         absl::Duration limit);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_CHILD_OUTPUT_H_
