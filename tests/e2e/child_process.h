// A real process that a test starts and surely ends.
#ifndef FLEET_TESTS_E2E_CHILD_PROCESS_H_
#define FLEET_TESTS_E2E_CHILD_PROCESS_H_

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace fleet::e2e {

struct ProcessOptions {
  std::vector<std::string> argv;
  // Added to (or, with an empty value, taken from) the test's environment.
  std::map<std::string, std::string> env;
  std::string cwd;
  // Files that get its output; empty: /dev/null.
  std::string stdout_file;
  std::string stderr_file;
  // Becomes descriptor 3 of the child; -1: none.
  int fd3 = -1;
};

// Ends with SIGKILL in the destructor when it has not ended before.
// Not thread-safe.
class ChildProcess {
 public:
  explicit ChildProcess(const ProcessOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal);
  // Exit code, or 128 + signal; nullopt: it still runs after `limit`.
  std::optional<int> Wait(absl::Duration limit);

 private:
  pid_t pid_ = -1;
  int pid_fd_ = -1;
  std::optional<int> status_;
};

// What a finished command printed.
struct CommandResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// Runs a command to its end; -1 and killed when `limit` passes.
CommandResult RunCommand(ProcessOptions options, const std::string& scratch,
                         absl::Duration limit);

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& content);

// The process is alive and not a zombie.
bool IsAlive(pid_t pid);
// Waits until a process that is not our child is gone; false: it still lives.
bool WaitGone(pid_t pid, absl::Duration limit);

}  // namespace fleet::e2e

#endif  // FLEET_TESTS_E2E_CHILD_PROCESS_H_
