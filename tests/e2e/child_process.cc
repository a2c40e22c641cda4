#include "tests/e2e/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "proto/rpc/status.h"

extern char** environ;

namespace fleet::e2e {
namespace {

int PidfdOpen(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

bool WaitReadable(int fd, absl::Duration limit) {
  pollfd p{fd, POLLIN, 0};
  return poll(&p, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) > 0;
}

std::vector<std::string> Environment(
    const std::map<std::string, std::string>& changes) {
  std::vector<std::string> env;
  for (char** e = environ; *e != nullptr; ++e) {
    std::string entry = *e;
    if (!changes.contains(entry.substr(0, entry.find('=')))) {
      env.push_back(std::move(entry));
    }
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) env.push_back(name + "=" + value);
  }
  return env;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

void RedirectInChild(const std::string& file, int to) {
  const char* path = file.empty() ? "/dev/null" : file.c_str();
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(fd, to);
}

}  // namespace

ChildProcess::ChildProcess(const ProcessOptions& options) {
  std::vector<std::string> argv = options.argv;
  std::vector<std::string> env = Environment(options.env);
  std::vector<char*> argv_pointers = Pointers(argv);
  std::vector<char*> env_pointers = Pointers(env);
  pid_ = fork();
  FLEET_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    setpgid(0, 0);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    RedirectInChild(options.stdout_file, STDOUT_FILENO);
    RedirectInChild(options.stderr_file, STDERR_FILENO);
    if (options.fd3 >= 0) dup2(options.fd3, 3);
    close_range(options.fd3 >= 0 ? 4 : 3, ~0U, 0);
    if (!options.cwd.empty() && chdir(options.cwd.c_str()) != 0) _exit(126);
    execvpe(argv_pointers[0], argv_pointers.data(), env_pointers.data());
    _exit(127);
  }
  pid_fd_ = PidfdOpen(pid_);
}

ChildProcess::~ChildProcess() {
  if (!status_.has_value()) {
    kill(pid_, SIGKILL);
    Wait(absl::Seconds(10));
  }
  close(pid_fd_);
}

void ChildProcess::Signal(int signal) {
  if (!status_.has_value()) kill(pid_, signal);
}

std::optional<int> ChildProcess::Wait(absl::Duration limit) {
  if (status_.has_value()) return status_;
  if (!WaitReadable(pid_fd_, limit)) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

CommandResult RunCommand(ProcessOptions options, const std::string& scratch,
                         absl::Duration limit) {
  static std::atomic<int> counter{0};
  std::string base = scratch + "/command-" + std::to_string(++counter);
  options.stdout_file = base + ".out";
  options.stderr_file = base + ".err";
  CommandResult result;
  {
    ChildProcess process(options);
    result.exit_code = process.Wait(limit).value_or(-1);
  }
  result.out = ReadFile(options.stdout_file);
  result.err = ReadFile(options.stderr_file);
  unlink(options.stdout_file.c_str());
  unlink(options.stderr_file.c_str());
  return result;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  FLEET_CHECK(file.good());
}

bool IsAlive(pid_t pid) {
  std::string stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  size_t end = stat.rfind(')');
  return end != std::string::npos && end + 2 < stat.size() &&
         stat[end + 2] != 'Z' && stat[end + 2] != 'X';
}

bool WaitGone(pid_t pid, absl::Duration limit) {
  int fd = PidfdOpen(pid);
  if (fd < 0) return true;
  bool gone = WaitReadable(fd, limit);
  close(fd);
  return gone;
}

}  // namespace fleet::e2e
