// Whether a program that crashes leaves its memory behind.
#ifndef FLEET_TESTS_RPC_CORE_FILES_H_
#define FLEET_TESTS_RPC_CORE_FILES_H_

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

namespace fleet {

// While it lives, core files are as large as they like, and the working folder
// of this process and its children, where the kernel puts them unless it was
// told of another place, is `folder`.
class CoreFiles {
 public:
  explicit CoreFiles(const std::string& folder)
      : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder);
    getrlimit(RLIMIT_CORE, &limit_);
    const rlimit most{limit_.rlim_max, limit_.rlim_max};
    setrlimit(RLIMIT_CORE, &most);
  }
  ~CoreFiles() {
    setrlimit(RLIMIT_CORE, &limit_);
    std::filesystem::current_path(before_);
  }
  CoreFiles(const CoreFiles&) = delete;
  CoreFiles& operator=(const CoreFiles&) = delete;

  // A program that does nothing about it leaves one; where none does, there is
  // nothing to be tested.
  static bool AreLeft() {
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/sh", "sh", "-c", "kill -ABRT $$", nullptr);
      _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WCOREDUMP(status);
  }

 private:
  const std::filesystem::path before_;
  rlimit limit_{};
};

}  // namespace fleet

#endif  // FLEET_TESTS_RPC_CORE_FILES_H_
