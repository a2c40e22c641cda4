#include "node_agent/side_commands.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "node_agent/marked_process.h"
#include "node_agent/worker_exit_text.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// Never a worker's: those are counted from low numbers up.
constexpr WorkerId kCommandBit = WorkerId{1} << 63;
constexpr char kTag[] = "command";
constexpr absl::Duration kKillPause = absl::Milliseconds(20);
// What outlives so many kills is not to be killed (a process in the kernel).
constexpr int kMaxKills = 50;
// More than a pipe holds.
constexpr int kLastReads = 32;

// The last line that says something, fit for a terminal.
std::string LastLine(const std::string& output) {
  std::string last;
  for (absl::string_view line : absl::StrSplit(output, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) last = std::string(line);
  }
  for (char& c : last) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return last;
}

ProbeDone Later(EventLoop& loop, std::shared_ptr<bool> wanted, ProbeDone done) {
  return [&loop, wanted = std::move(wanted),
          done = std::move(done)](const ProbeResult& result) {
    loop.Post([wanted, done, result] {
      if (*wanted) done(result);
    });
  };
}

}  // namespace

class SideCommands::Handle : public ProbeRun {
 public:
  Handle(SideCommands& commands, std::shared_ptr<bool> commands_alive)
      : commands_(commands), commands_alive_(std::move(commands_alive)) {}
  ~Handle() override {
    *wanted_ = false;
    if (*commands_alive_ && id != 0) commands_.Abandon(id);
  }
  std::shared_ptr<bool> wanted() const { return wanted_; }

  WorkerId id = 0;  // 0: it was never started.

 private:
  SideCommands& commands_;
  std::shared_ptr<bool> commands_alive_;
  std::shared_ptr<bool> wanted_ = std::make_shared<bool>(true);
};

SideCommands::SideCommands(EventLoop& loop, KeeperClient& keeper,
                           ProcessTree& tree)
    : loop_(loop), keeper_(keeper), tree_(tree) {}

SideCommands::~SideCommands() {
  *alive_ = false;
  for (auto& [id, command] : commands_) {
    loop_.CancelTimer(command.timer);
    CloseOutput(command);
  }
}

// Unique on the machine also among agents and after restarts, as a worker's.
WorkerId SideCommands::NewId() {
  WorkerId id = 0;
  do {
    FLEET_CHECK(getrandom(&id, sizeof id, 0) == sizeof id);
    id |= kCommandBit;
  } while (commands_.contains(id));
  return id;
}

std::unique_ptr<ProbeRun> SideCommands::Run(const ProbeRequest& request,
                                            const Prepare& prepare,
                                            ProbeDone done) {
  auto handle = std::make_unique<Handle>(*this, alive_);
  Command command;
  command.name = request.command.empty() ? "" : request.command[0];
  command.timeout = request.timeout;
  command.done = Later(loop_, handle->wanted(), std::move(done));
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    Finish(command, false, std::strerror(errno));
    return handle;
  }
  command.out.Reset(ends[0]);
  UniqueFd write_end(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  auto spawn = prepare(write_end.get());
  if (!spawn.ok()) {
    Finish(command, false, std::string(spawn.status().message()));
    return handle;
  }
  WorkerId id = handle->id = spawn->id = NewId();
  spawn->tag = kTag;
  spawn->env.push_back(absl::StrCat(kWorkerMarker, "=", id));
  command.root.id = id;
  command.timer = loop_.AddTimerAfter(command.timeout, [this, id] {
    commands_.at(id).timer = 0;
    commands_.at(id).timed_out = true;
    Kill(id);
  });
  loop_.AddFd(command.out.get(), EPOLLIN,
              [this, id](uint32_t) { ReadOutput(commands_.at(id)); });
  commands_.emplace(id, std::move(command));
  keeper_.Spawn(*std::move(spawn));
  return handle;
}

void SideCommands::ReadOutput(Command& command) {
  std::array<char, 4096> block;
  // One that writes without end has its next turn in the loop's.
  const int turns = command.ended ? kLastReads : 1;
  for (int i = 0; i < turns; ++i) {
    ssize_t n = read(command.out.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return CloseOutput(command);
    command.output.append(block.data(), static_cast<size_t>(n));
    if (command.output.size() > kMaxOutput) {
      command.output.erase(0, command.output.size() - kMaxOutput);
    }
  }
}

void SideCommands::CloseOutput(Command& command) {
  if (command.out.valid()) loop_.RemoveFd(command.out.get());
  command.out.Reset();
}

void SideCommands::Kill(WorkerId id) {
  Command& command = commands_.at(id);
  // Else it is killed once it has started.
  if (command.root.pid == 0 || command.ended) return;
  keeper_.Signal(id, SIGKILL, /*group=*/true);
  tree_.KillTree(command.root);
}

void SideCommands::Abandon(WorkerId id) {
  auto found = commands_.find(id);
  if (found == commands_.end()) return;
  found->second.done = nullptr;
  found->second.timed_out = true;
  Kill(id);
}

bool SideCommands::OnSpawned(WorkerId id, pid_t pid, uint64_t start_ticks) {
  auto found = commands_.find(id);
  if (found == commands_.end()) return (id & kCommandBit) != 0;
  found->second.root.pid = pid;
  found->second.root.start_ticks = start_ticks;
  if (found->second.timed_out) Kill(id);
  return true;
}

bool SideCommands::OnSpawnFailed(WorkerId id, const std::string& step,
                                 int error_number) {
  auto found = commands_.find(id);
  if (found == commands_.end()) return (id & kCommandBit) != 0;
  Command& command = found->second;
  Finish(command, false,
         absl::StrCat("cannot be started: ", step, ": ",
                      std::strerror(error_number)));
  loop_.CancelTimer(command.timer);
  CloseOutput(command);
  commands_.erase(found);
  return true;
}

bool SideCommands::OnExited(WorkerId id, ProcessExit exit) {
  auto found = commands_.find(id);
  if (found == commands_.end()) return false;
  Command& command = found->second;
  if (command.ended) return true;
  command.ended = true;
  loop_.CancelTimer(std::exchange(command.timer, 0));
  if (command.out.valid()) ReadOutput(command);
  CloseOutput(command);
  bool success = exit.kind == ProcessExit::Kind::kExited && exit.value == 0;
  if (command.timed_out) {
    Finish(command, false,
           absl::StrCat("no answer within ", DurationText(command.timeout)));
  } else {
    Finish(command, success, DescribeExit(exit, "").message);
  }
  loop_.Post([this, alive = alive_, id] {
    if (*alive) CleanUp(id);
  });
  return true;
}

void SideCommands::Finish(Command& command, bool success,
                          const std::string& how) {
  ProbeDone done = std::exchange(command.done, nullptr);
  if (!done) return;
  std::string said = LastLine(command.output);
  done({success,
        absl::StrCat(command.name, ": ", how, said.empty() ? "" : ": ", said)});
}

// What it has left running goes with it.
void SideCommands::CleanUp(WorkerId id) {
  Command& command = commands_.at(id);
  command.timer = 0;
  if (tree_.KillTree(command.root) > 0 && ++command.kills < kMaxKills) {
    command.timer =
        loop_.AddTimerAfter(kKillPause, [this, id] { CleanUp(id); });
    return;
  }
  tree_.Forget(id);
  commands_.erase(id);
  keeper_.AckExit(id);
}

}  // namespace fleet::agent
