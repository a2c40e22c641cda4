#include "node_agent/keeper_launcher.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// How this process was started, with the whole path of its program. A token
// with which it joined is hidden there, and used up.
std::vector<std::string> OwnCommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!text.empty() && text.back() == '\0') text.pop_back();
  std::vector<std::string> argv = absl::StrSplit(text, absl::ByChar('\0'));
  if (!argv[0].starts_with('/')) {
    std::error_code error;
    argv[0] = std::filesystem::read_symlink("/proc/self/exe", error).string();
  }
  return argv;
}

}  // namespace

KeeperLauncher::KeeperLauncher(std::string keeper_binary, std::string state_dir,
                               std::vector<std::string> agent_argv)
    : keeper_binary_(std::move(keeper_binary)),
      state_dir_(std::move(state_dir)),
      agent_argv_(std::move(agent_argv)) {
  if (agent_argv_.empty()) agent_argv_ = OwnCommandLine();
}

bool KeeperLauncher::Running() {
  if (pid_ == 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = 0;
  return false;
}

absl::Status KeeperLauncher::Launch() {
  if (Running()) return absl::OkStatus();
  std::vector<std::string> argv = {
      keeper_binary_, "--state-dir",          state_dir_,
      "--agent-pid",  absl::StrCat(getpid()), "--"};
  argv.insert(argv.end(), agent_argv_.begin(), agent_argv_.end());
  std::vector<char*> pointers;
  pointers.reserve(argv.size() + 1);
  for (std::string& argument : argv) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                   O_RDONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  int error_number = posix_spawn(&pid_, keeper_binary_.c_str(), &actions,
                                 &attributes, pointers.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error_number == 0) return absl::OkStatus();
  pid_ = 0;
  return ErrnoStatus(error_number,
                     absl::StrCat("start the keeper ", keeper_binary_));
}

}  // namespace fleet::agent
