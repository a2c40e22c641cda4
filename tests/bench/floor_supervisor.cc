// The floor that a supervisor is measured against: vfork, exec, wait, again.
// It keeps no state, no logs and no promises.
//
//   floor_supervisor N PROGRAM ARGS…
//
// SIGTERM: ends all workers with SIGTERM and exits once they are gone.
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

extern char** environ;

namespace {

volatile sig_atomic_t stopping = 0;

pid_t Spawn(char** argv) {
  pid_t pid = vfork();
  if (pid == 0) {
    execve(argv[0], argv, environ);
    _exit(127);
  }
  return pid;
}

void OnTerm(int) { stopping = 1; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  struct sigaction action {};
  action.sa_handler = OnTerm;
  sigaction(SIGTERM, &action, nullptr);
  std::vector<pid_t> pids(static_cast<size_t>(atoi(argv[1])));
  for (pid_t& pid : pids) pid = Spawn(argv + 2);
  while (!stopping) {
    pid_t ended = waitpid(-1, nullptr, 0);
    if (ended <= 0 || stopping) continue;
    for (pid_t& pid : pids) {
      if (pid == ended) pid = Spawn(argv + 2);
    }
  }
  for (pid_t pid : pids) kill(pid, SIGTERM);
  while (waitpid(-1, nullptr, 0) > 0) {
  }
  return 0;
}
