// Processes and folders of a test, ended and removed with it.
#ifndef FLEET_TESTS_NODE_AGENT_REAL_PROCESS_H_
#define FLEET_TESTS_NODE_AGENT_REAL_PROCESS_H_

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// A program that was built beside this test.
inline std::string BuiltProgram(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

class TempDir {
 public:
  TempDir() {
    std::string pattern = "/tmp/fleet-test-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Runs the loop until `done`; false after a minute without it.
inline bool RunUntil(EventLoop& loop, const std::function<bool()>& done) {
  absl::Time give_up = loop.clock().Now() + absl::Minutes(1);
  while (!done()) {
    if (loop.clock().Now() > give_up) return false;
    loop.RunOnce(absl::Milliseconds(5));
  }
  return true;
}

// A child whose stdout and stderr the test reads.
class RealProcess {
 public:
  explicit RealProcess(std::vector<std::string> argv) {
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) abort();
    out_.Reset(out[0]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, out[1], 2);
    std::vector<char*> pointers;
    for (std::string& argument : argv) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    if (posix_spawn(&pid_, argv[0].c_str(), &actions, nullptr, pointers.data(),
                    environ) != 0) {
      abort();
    }
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
  }
  ~RealProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      Wait();
    }
  }
  RealProcess(const RealProcess&) = delete;
  RealProcess& operator=(const RealProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Reads lines until one has `text`, and gives what follows it; "" at the
  // end of its output.
  std::string ReadPast(const std::string& text) {
    for (std::string line = ReadLine(); !line.empty(); line = ReadLine()) {
      size_t at = line.find(text);
      if (at != std::string::npos) {
        std::string rest = line.substr(at + text.size());
        return rest.empty() ? " " : rest;
      }
    }
    return "";
  }

  // The status that waitpid gives.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }

 private:
  std::string ReadLine() {
    std::string line;
    char c;
    while (read(out_.get(), &c, 1) == 1) {
      if (c == '\n') return line.empty() ? " " : line;
      line += c;
    }
    return line;
  }

  pid_t pid_ = 0;
  UniqueFd out_;
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_NODE_AGENT_REAL_PROCESS_H_
