#include "cli/spec_file/child_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"

extern char** environ;

namespace fleet::cli {
namespace {

constexpr size_t kMostBytes = 16 << 20;

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> fds = {-1, -1};
    FLEET_CHECK(pipe2(fds.data(), O_CLOEXEC) == 0);
    read_ = fds[0];
    write_ = fds[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  void CloseRead() { Close(read_); }
  void CloseWrite() { Close(write_); }
  int read_end() const { return read_; }
  int write_end() const { return write_; }

 private:
  static void Close(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  int read_ = -1;
  int write_ = -1;
};

absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& argv,
                            const Pipe& result, const Pipe& messages) {
  std::vector<char*> args;
  args.reserve(argv.size() + 1);
  for (const std::string& arg : argv) {
    args.push_back(const_cast<char*>(arg.c_str()));
  }
  args.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, messages.write_end(), 1);
  posix_spawn_file_actions_adddup2(&actions, messages.write_end(), 2);
  posix_spawn_file_actions_adddup2(&actions, result.write_end(), 3);
  pid_t pid = 0;
  const int error =
      posix_spawnp(&pid, args[0], &actions, nullptr, args.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return ErrnoStatus(error, absl::StrCat("cannot start ", argv[0]));
  }
  return pid;
}

// Appends what is there; closes the pipe at its end.
void Drain(Pipe& pipe, std::string& text) {
  std::array<char, 65536> block;
  const ssize_t n = read(pipe.read_end(), block.data(), block.size());
  if (n > 0) {
    text.append(block.data(), static_cast<size_t>(n));
  } else if (n == 0 || errno != EINTR) {
    pipe.CloseRead();
  }
}

absl::Status DrainBoth(Pipe& result, Pipe& messages, absl::Time deadline,
                       ChildOutput& output) {
  const SystemClock clock;
  while (result.read_end() >= 0 || messages.read_end() >= 0) {
    const absl::Duration left = deadline - clock.Now();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError("it did not end in time");
    }
    std::array<pollfd, 2> fds = {pollfd{result.read_end(), POLLIN, 0},
                                 pollfd{messages.read_end(), POLLIN, 0}};
    const auto millis = absl::ToInt64Milliseconds(left) + 1;
    poll(fds.data(), fds.size(), static_cast<int>(millis));
    if (fds[0].revents != 0) Drain(result, output.result);
    if (fds[1].revents != 0) Drain(messages, output.messages);
    if (std::max(output.result.size(), output.messages.size()) > kMostBytes) {
      return absl::ResourceExhaustedError("it wrote more than 16 MiB");
    }
  }
  return absl::OkStatus();
}

int Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

absl::StatusOr<ChildOutput> RunForOutput(const std::vector<std::string>& argv,
                                         absl::Duration limit) {
  Pipe result;
  Pipe messages;
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(argv, result, messages));
  result.CloseWrite();
  messages.CloseWrite();
  ChildOutput output;
  const absl::Status drained =
      DrainBoth(result, messages, SystemClock().Now() + limit, output);
  if (!drained.ok()) kill(pid, SIGKILL);
  output.exit_code = Reap(pid);
  if (!drained.ok()) return Annotate(drained, argv[0]);
  return output;
}

}  // namespace fleet::cli
