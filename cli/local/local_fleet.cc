#include "cli/local/local_fleet.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/local/background_program.h"
#include "cli/local/lock_holder.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kStartLimit = absl::Seconds(30);
// Workers may take their kill_timeout to end.
constexpr absl::Duration kStopLimit = absl::Minutes(2);
constexpr absl::Duration kLookAgain = absl::Milliseconds(20);

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all,
                                 error);
  }
  if (!error) return absl::OkStatus();
  return ErrnoStatus(error.value(), absl::StrCat("cannot make ", path));
}

// Letters, digits, dots and dashes, as a host's name must be.
std::string HostName() {
  std::array<char, 256> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  std::string host;
  for (const char* c = name.data(); *c != '\0'; ++c) {
    const bool plain = std::isalnum(static_cast<unsigned char>(*c)) != 0 ||
                       *c == '.' || (*c == '-' && !host.empty());
    host += plain ? *c : '-';
  }
  return host.empty() ? "localhost" : host.substr(0, 63);
}

// Held while one fleetctl starts things.
class StartLock {
 public:
  explicit StartLock(const std::string& path)
      : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    while (fd_ >= 0 && flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  StartLock(const StartLock&) = delete;
  StartLock& operator=(const StartLock&) = delete;
  ~StartLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  int fd_;
};

}  // namespace

LocalFleet::LocalFleet(const Environment& env, const std::string& socket_path)
    : env_(env),
      state_folder_(LocalStateFolder(env)),
      socket_path_(socket_path) {}

absl::StatusOr<std::string> LocalFleet::Up(FleetClient& client,
                                           EventLoop& loop) {
  if (ControllerRuns() && AgentRuns()) return "";
  RETURN_IF_ERROR(MakeFolder(state_folder_));
  RETURN_IF_ERROR(
      MakeFolder(std::filesystem::path(socket_path_).parent_path().string()));
  const StartLock lock(state_folder_ + "/up.lock");
  std::vector<std::string> started;
  if (!ControllerRuns()) {
    RETURN_IF_ERROR(StartController());
    started.emplace_back("controller");
  }
  if (!AgentRuns()) {
    RETURN_IF_ERROR(StartAgent());
    started.emplace_back("agent");
  }
  RETURN_IF_ERROR(AwaitHost(client, loop));
  if (started.empty()) return "";  // Another fleetctl did it meanwhile.
  return absl::StrCat("started a fleet on this machine for you (",
                      absl::StrJoin(started, " and "), ", state in ",
                      state_folder_, "); fleetctl down ends it");
}

absl::Status LocalFleet::StartController() {
  ASSIGN_OR_RETURN(const std::string program,
                   FindProgram("fleet-controller", env_("PATH")));
  return StartUntilReady({program, "--state-dir", ControllerFolder(),
                          "--listen", "unix:" + socket_path_},
                         ControllerLog(), kStartLimit);
}

absl::Status LocalFleet::StartAgent() {
  ASSIGN_OR_RETURN(const std::string keeper,
                   FindProgram("fleet-keeper", env_("PATH")));
  ASSIGN_OR_RETURN(const std::string agent,
                   FindProgram("fleet-agent", env_("PATH")));
  return StartInBackground({keeper, "--state-dir", AgentFolder(), "--", agent,
                            "--state-dir", AgentFolder(), "--controller",
                            "unix:" + socket_path_, "--host-name", HostName()},
                           AgentLog())
      .status();
}

absl::Status LocalFleet::AwaitHost(FleetClient& client, EventLoop& loop) const {
  const absl::Time deadline = loop.clock().Now() + kStartLimit;
  while (loop.clock().Now() < deadline) {
    ASSIGN_OR_RETURN(const auto hosts, client.Call(v1::ListHostsRequest()));
    for (const v1::Host& host : hosts.hosts()) {
      if (host.state() == v1::HOST_STATE_CONNECTED) return absl::OkStatus();
    }
    bool due = false;
    loop.AddTimerAfter(kLookAgain, [&due] { due = true; });
    while (!due) loop.RunOnce(kLookAgain);
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the agent did not connect within ", absl::FormatDuration(kStartLimit),
      "; its log (", AgentLog(), ") ends with\n", LogTail(AgentLog(), 10)));
}

absl::Status LocalFleet::StopRest() const {
  ASSIGN_OR_RETURN(const std::string keeper,
                   FindProgram("fleet-keeper", env_("PATH")));
  ASSIGN_OR_RETURN(const std::string agent,
                   FindProgram("fleet-agent", env_("PATH")));
  ASSIGN_OR_RETURN(
      const pid_t pid,
      StartInBackground({keeper, "--stop-rest", "--state-dir", AgentFolder(),
                         "--", agent, "--state-dir", AgentFolder()},
                        AgentLog()));
  return AwaitChild(pid, "fleet-keeper --stop-rest", kStopLimit);
}

absl::StatusOr<std::string> LocalFleet::Down() {
  std::vector<std::string> ended;
  const std::string keeper_lock = AgentFolder() + "/keeper.lock";
  if (const auto keeper = LockHolder(keeper_lock)) {
    RETURN_IF_ERROR(EndProcess(*keeper, "fleet-keeper", kStopLimit));
    ended.emplace_back("agent and its workers");
  }
  if (HolderWasKilled(keeper_lock)) RETURN_IF_ERROR(StopRest());
  if (const auto controller =
          LockHolder(ControllerFolder() + "/controller.lock")) {
    RETURN_IF_ERROR(EndProcess(*controller, "fleet-controller", kStopLimit));
    ended.emplace_back("controller");
  }
  if (ended.empty()) return "no fleet runs for this user on this machine";
  return absl::StrCat("ended: ", absl::StrJoin(ended, ", "),
                      "; apps and settings stay in ", state_folder_);
}

bool LocalFleet::ControllerRuns() const {
  return LockHolder(ControllerFolder() + "/controller.lock").has_value();
}

bool LocalFleet::AgentRuns() const {
  return LockHolder(AgentFolder() + "/keeper.lock").has_value();
}

}  // namespace fleet::cli
