#include "node_agent/keeper/program_check.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "node_agent/keeper/child.h"
#include "node_agent/keeper/handover.h"
#include "node_agent/keeper/stderr_line.h"

namespace fleet::keeper {

ProgramCheck::ProgramCheck(const char* program, char** agent_argv,
                           const rlimit& child_nofile)
    : program_(program), agent_argv_(agent_argv), child_nofile_(child_nofile) {}

void ProgramCheck::Begin() {
  if (pid_ > 0) kill(pid_, SIGKILL);
  pid_ = 0;
  Start(Step::kKeeper);
}

bool ProgramCheck::Start(Step step) {
  step_ = step;
  char version[16];
  snprintf(version, sizeof version, "%u", kHandoverVersion);
  char name[] = "fleet-keeper";
  char can_resume[] = "--can-resume";
  char check[] = "--check";
  char* keeper_argv[] = {name, can_resume, version, nullptr};
  size_t count = 0;
  while (agent_argv_[count] != nullptr) ++count;
  char** agent_argv =
      static_cast<char**>(calloc(count + 2, sizeof agent_argv_[0]));
  if (agent_argv == nullptr) return false;
  memcpy(agent_argv, agent_argv_, count * sizeof agent_argv[0]);
  agent_argv[count] = check;

  ChildSpec spec;
  spec.executable = step == Step::kKeeper ? program_ : agent_argv_[0];
  spec.argv = step == Step::kKeeper ? keeper_argv : agent_argv;
  spec.envp = environ;
  spec.fds[0] = {STDOUT_FILENO, STDOUT_FILENO};
  spec.fds[1] = {STDERR_FILENO, STDERR_FILENO};
  spec.n_fds = 2;
  spec.nofile = &child_nofile_;
  ChildResult child = StartChild(spec);
  free(agent_argv);
  if (child.pid < 0) {
    StderrLine("cannot run the new %s: %s: %s", spec.executable, child.step,
               strerror(child.error_number));
    return false;
  }
  close(child.pidfd);
  pid_ = child.pid;
  return true;
}

ProgramCheck::Result ProgramCheck::NoteEnd(pid_t pid, ExitKind kind,
                                           int value) {
  if (pid != pid_) return Result::kNotMine;
  pid_ = 0;
  const char* program = step_ == Step::kKeeper ? program_ : agent_argv_[0];
  if (kind != ExitKind::kExited || value != 0) {
    StderrLine(
        "no upgrade: the new %s does not work here (%s %d); everything goes "
        "on as it was",
        program, kind == ExitKind::kExited ? "exit code" : "signal", value);
    return Result::kFailed;
  }
  if (step_ == Step::kAgent) return Result::kPassed;
  return Start(Step::kAgent) ? Result::kGoesOn : Result::kFailed;
}

}  // namespace fleet::keeper
