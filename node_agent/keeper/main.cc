// fleet-keeper: see keeper.h. Reads the command line, sets the process up.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "node_agent/keeper/child.h"
#include "node_agent/keeper/hidden_argument.h"
#include "node_agent/keeper/keeper.h"
#include "node_agent/keeper/stderr_line.h"

namespace fleet::keeper {
namespace {

constexpr char kUsage[] =
    "usage: fleet-keeper --state-dir DIR [--wait | --stop-rest] "
    "[--agent-pid PID] -- /path/to/fleet-agent [ARGUMENT...]; SIGHUP upgrades "
    "both in place";
constexpr char kHelp[] =
    R"(usage: fleet-keeper --state-dir DIR [--wait | --stop-rest] -- /path/to/fleet-agent [ARGUMENT...]

Starts the agent of a host, and starts it again when it dies. It is the parent
of every worker and holds their sockets and pipes, so that an agent may be
killed or replaced and nothing is lost.

  --state-dir DIR  the agent's folder; one keeper for each
  --wait           stand by while another keeper runs there, as after this one
                   was killed and its agent has brought up another
  --stop-rest      stop what still runs there, also when its keeper was killed;
                   for ExecStopPost: nothing after a crash ($SERVICE_RESULT),
                   which a restart follows
  --agent-pid PID  of the agent that starts this keeper, which goes on
  --version        print the version
  --help           print this

SIGTERM and SIGINT stop the agent, which stops the workers in their own way.
SIGHUP replaces keeper and agent by the programs that are installed now; the
workers go on. A program that could not go on is not changed to.
)";
constexpr int kUsageError = 2;
constexpr int kFailurePauseSeconds = 1;

// Large, and touched only as far as they are used.
ProcessTable g_processes;
FdStore g_store;
FdRescue g_rescue;
char g_program[PATH_MAX];

struct Arguments {
  const char* state_dir = nullptr;
  char** own = nullptr;    // All of them.
  bool wait = false;       // Stand by while another keeper runs.
  bool stop_rest = false;  // Stop what runs, in whosever hands it is.
  pid_t agent_pid = 0;     // Of an agent that starts this keeper.
  int resume_fd = -1;      // Of the program before in this process.
  int can_resume = -1;     // Only asks whether that could be.
  char** agent = nullptr;  // Ends with nullptr.
};

// True: a question was answered on standard output.
bool Answered(int argc, char** argv) {
  if (argc != 2) return false;
  const char* answer = nullptr;
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    answer = kHelp;
  } else if (strcmp(argv[1], "--version") == 0) {
    answer = FLEET_VERSION "\n";
  }
  return answer != nullptr && write(STDOUT_FILENO, answer, strlen(answer)) > 0;
}

bool ParseArguments(int argc, char** argv, Arguments& arguments) {
  int i = 1;
  for (; i < argc && strcmp(argv[i], "--") != 0; ++i) {
    if (strcmp(argv[i], "--wait") == 0) {
      arguments.wait = true;
    } else if (strcmp(argv[i], "--stop-rest") == 0) {
      arguments.stop_rest = true;
    } else if (strcmp(argv[i], "--state-dir") == 0 && i + 1 < argc) {
      arguments.state_dir = argv[++i];
    } else if (strcmp(argv[i], "--agent-pid") == 0 && i + 1 < argc) {
      arguments.agent_pid = atoi(argv[++i]);
    } else if (strcmp(argv[i], "--resume") == 0 && i + 1 < argc) {
      arguments.resume_fd = atoi(argv[++i]);
    } else if (strcmp(argv[i], "--can-resume") == 0 && i + 1 < argc) {
      arguments.can_resume = atoi(argv[++i]);
      return true;
    } else {
      return false;
    }
  }
  arguments.agent = argv + i + 1;
  return arguments.state_dir != nullptr && i + 1 < argc &&
         arguments.agent[0][0] == '/';
}

// The path by which an upgrade finds the next program, also when this one's
// file has been replaced by then.
void FindOwnProgram() {
  static constexpr char kDeleted[] = " (deleted)";
  constexpr size_t kDeletedSize = sizeof kDeleted - 1;
  ssize_t n = readlink("/proc/self/exe", g_program, sizeof g_program - 1);
  auto size = static_cast<size_t>(n > 0 ? n : 0);
  g_program[size] = '\0';
  if (size > kDeletedSize &&
      strcmp(g_program + size - kDeletedSize, kDeleted) == 0) {
    g_program[size - kDeletedSize] = '\0';
  }
}

// 0, 1 and 2 are open, the launch pad is reserved, and nothing else is there
// but what the program before has left above the pad.
bool SetUpDescriptors(bool resumes) {
  close_range(3, resumes ? kLaunchPad - 1 : ~0U, 0);
  int fd;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd < 3);
  if (fd < 0) return false;
  int dev_null = fcntl(fd, F_DUPFD_CLOEXEC, kLaunchPad);
  close(fd);
  return dev_null >= 0 && ReserveLaunchPad(dev_null);
}

// All at their defaults, as children inherit them; what the loop wants comes
// by descriptor. SIGPIPE is only kept away.
int SetUpSignals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGHUP);
  sigset_t blocked = wanted;
  sigaddset(&blocked, SIGPIPE);
  if (sigprocmask(SIG_SETMASK, &blocked, nullptr) != 0) return -1;
  return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

// `original` is what workers get. A keeper that an agent starts has inherited
// a raised one, and hears of the original in a variable.
bool RaiseLimits(rlimit& original) {
  if (getrlimit(RLIMIT_NOFILE, &original) != 0) return false;
  rlimit raised = original;
  raised.rlim_cur = raised.rlim_max;
  if (const char* soft = getenv(kNofileVariable); soft != nullptr) {
    original.rlim_cur = strtoull(soft, nullptr, 10);
    if (original.rlim_cur > original.rlim_max) {
      original.rlim_cur = original.rlim_max;
    }
  }
  return setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

int OpenStateDir(const char* path, bool make) {
  if (make && mkdir(path, 0700) != 0 && errno != EEXIST) return -1;
  return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// A stand-by has nothing to hand over.
int StartAnew(char** argv) {
  execv(g_program, argv);
  StderrLine("cannot execute %s: %s", g_program, strerror(errno));
  return 1;
}

// systemd is about to start the service again (systemd.exec(5)).
bool IsToBeRestarted() {
  const char* result = getenv("SERVICE_RESULT");
  return result != nullptr && strcmp(result, "success") != 0 &&
         strcmp(result, "timeout") != 0;
}

// 0 with the lock, else the exit code plus 1.
int TakeLock(const Arguments& arguments, KeeperSetup& setup, KeeperLock& lock) {
  KeeperLock::Result result =
      arguments.wait || arguments.stop_rest
          ? lock.Wait(setup.state_dir, setup.signals, arguments.stop_rest)
          : lock.TryLock(setup.state_dir);
  switch (result) {
    case KeeperLock::Result::kStopRest:
      setup.terminating = true;
      return 0;
    case KeeperLock::Result::kLocked:
      return 0;
    case KeeperLock::Result::kStopped:
      return 1;
    case KeeperLock::Result::kUpgrade:
      return 1 + StartAnew(arguments.own);
    case KeeperLock::Result::kHeld:
      StderrLine(
          "%s is in use by the keeper with pid %d; stop that first, or "
          "use another --state-dir",
          arguments.state_dir, lock.holder());
      return 2;
    case KeeperLock::Result::kFailed:
      StderrLine("cannot lock %s/%s: %s", arguments.state_dir, kLockName,
                 strerror(errno));
      return 2;
  }
  return 2;
}

int Serve(const Arguments& arguments) {
  FindOwnProgram();
  KeeperSetup setup;
  setup.program = g_program;
  setup.state_path = arguments.state_dir;
  setup.agent_argv = arguments.agent;
  bool ready = SetUpDescriptors(arguments.resume_fd >= 0);
  setup.signals = SetUpSignals();
  setup.state_dir = OpenStateDir(arguments.state_dir, !arguments.stop_rest);
  if (setup.state_dir < 0 && errno == ENOENT && arguments.stop_rest) return 0;
  if (!ready || setup.signals < 0 || setup.state_dir < 0) {
    StderrLine("cannot use %s: %s", arguments.state_dir, strerror(errno));
    return 1;
  }
  static KeeperLock lock;
  static KeeperState resumed;
  if (arguments.resume_fd >= 0) {
    if (!ReadHandover(arguments.resume_fd, &resumed, g_processes, g_store)) {
      StderrLine("cannot read what the program before has left");
      return 1;
    }
    lock.Resume(resumed.lock);
    setup.resumed = &resumed;
  } else if (int failed = TakeLock(arguments, setup, lock); failed != 0) {
    return failed - 1;
  } else {
    // So that nobody takes another for the holder.
    lock.Write(lock.agent_pid(), lock.agent_ticks());
  }
  if (!RaiseLimits(setup.child_nofile) ||
      prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    StderrLine("cannot set itself up: %s", strerror(errno));
    return 1;
  }
  if (setup.resumed != nullptr) setup.child_nofile = resumed.child_nofile;
  setup.agent_pid = lock.agent_pid();
  setup.agent_ticks = lock.agent_ticks();
  if (arguments.agent_pid > 0) {
    setup.agent_pid = arguments.agent_pid;
    setup.agent_ticks = ReadStartTicks(arguments.agent_pid);
  }
  static AgentSession session(g_processes, g_store, setup.child_nofile);
  static Keeper keeper(setup, lock, {g_processes, g_store, g_rescue}, session);
  return keeper.Run();
}

// A service manager starts a keeper anew as soon as it has ended.
void PauseAfterFailure() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  timespec pause{kFailurePauseSeconds, 0};
  sigtimedwait(&stop, nullptr, &pause);
}

int Main(int argc, char** argv) {
  // What starts workers has their environment, with their secrets: no core
  // file is left of it, and only root can read its memory (prctl(2)).
  prctl(PR_SET_DUMPABLE, 0);
  HideArgument(argv, kJoinFlag);
  Arguments arguments;
  if (Answered(argc, argv)) return 0;
  if (!ParseArguments(argc, argv, arguments)) {
    StderrLine("%s", kUsage);
    return kUsageError;
  }
  if (arguments.can_resume >= 0) {
    return arguments.can_resume == static_cast<int>(kHandoverVersion) ? 0 : 1;
  }
  if (arguments.stop_rest && IsToBeRestarted()) return 0;
  arguments.own = argv;
  int code = Serve(arguments);
  if (code == 1 && arguments.wait) PauseAfterFailure();
  return code;
}

}  // namespace
}  // namespace fleet::keeper

int main(int argc, char** argv) { return fleet::keeper::Main(argc, argv); }
