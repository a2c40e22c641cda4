#include "node_agent/hook_processes.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node_agent/hook_tag.h"
#include "node_agent/log_selection.h"
#include "node_agent/marked_process.h"
#include "node_agent/worker_exit_text.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// Never a worker's: those are counted from low numbers up.
constexpr WorkerId kHookBit = WorkerId{1} << 63;
// In the child: so that a later keeper can take our end back from it.
constexpr int kHookKeptFd = 28;
constexpr absl::Duration kHookKillPause = absl::Milliseconds(20);
// What outlives so many kills is not to be killed (a process in the kernel).
constexpr int kMaxHookKills = 50;
constexpr char kHookTitle[] = "[fleet] ";

WorkerId RandomHookId() {
  WorkerId id = 0;
  FLEET_CHECK(getrandom(&id, sizeof id, 0) == sizeof id);
  return id | kHookBit;
}

// Paths with %i in them are the instances'.
LogPolicy HookLogs(const AppSpec& spec) {
  LogPolicy policy = spec.logs;
  if (policy.merge) return policy;
  policy.out_file.clear();
  policy.error_file.clear();
  policy.log_file.clear();
  return policy;
}

std::string HookTitle(const HookOrder& order) {
  std::string title =
      absl::StrCat(kHookTitle, order.name, " of revision ", order.revision,
                   order.rollout.empty() ? "" : ", rollout ", order.rollout,
                   ": ", order.hook.command);
  std::replace(title.begin(), title.end(), '\n', ' ');
  return title + "\n";
}

// The pipe is new and empty, so this does not block.
void WriteTitle(int fd, const std::string& text) {
  ssize_t ignored = write(fd, text.data(), text.size());
  static_cast<void>(ignored);
}

}  // namespace

HookProcesses::HookProcesses(EventLoop& loop, KeeperClient& keeper,
                             ProcessTree& tree, LogPump& logs, Prepare prepare)
    : loop_(loop),
      keeper_(keeper),
      tree_(tree),
      logs_(logs),
      prepare_(std::move(prepare)) {}

HookProcesses::~HookProcesses() {
  *alive_ = false;
  for (auto& [id, run] : runs_) loop_.CancelTimer(run.timer);
}

void HookProcesses::RunHook(const HookKey& key, const HookOrder& order) {
  absl::Status started = Start(key, order);
  if (started.ok()) return;
  loop_.Post(
      [this, alive = alive_, key, why = std::string(ToStd(started.message()))] {
        if (*alive) Tell(key, {false, why, {}});
      });
}

absl::Status HookProcesses::Start(const HookKey& key, const HookOrder& order) {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrCat("pipe: ", std::strerror(errno)));
  }
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  ASSIGN_OR_RETURN(SpawnRequest spawn, prepare_(order, write_end.get()));
  WorkerId id = RandomHookId();
  while (runs_.contains(id)) id = RandomHookId();
  Run run;
  run.key = key;
  run.start_time = loop_.clock().WallNow();
  run.timeout = order.hook.timeout;
  run.root.id = id;
  spawn.id = id;
  spawn.tag =
      EncodeHookTag({key, order.spec->name, run.start_time, run.timeout});
  spawn.env.push_back(absl::StrCat(kWorkerMarker, "=", id));
  spawn.child_fds.push_back(
      {read_end.get(), kHookKeptFd, absl::StrCat("log/", id, "/err")});
  WriteTitle(write_end.get(), HookTitle(order));
  runs_.emplace(id, std::move(run));
  ArmTimeout(id, order.hook.timeout);
  keeper_.Spawn(std::move(spawn));
  logs_.Add(id, order.spec->name, LogSelection::kAnySlot, LogStreamKind::kErr,
            HookLogs(*order.spec), std::move(read_end));
  return absl::OkStatus();
}

void HookProcesses::ArmTimeout(WorkerId id, absl::Duration left) {
  runs_.at(id).timer =
      loop_.AddTimerAfter(std::max(left, absl::ZeroDuration()), [this, id] {
        runs_.at(id).timer = 0;
        runs_.at(id).timed_out = true;
        Kill(id);
      });
}

std::vector<HookKey> HookProcesses::AdoptedHooks() const {
  std::vector<HookKey> keys;
  for (const auto& [id, run] : runs_) {
    if (run.adopted) keys.push_back(run.key);
  }
  return keys;
}

void HookProcesses::KillHooks() {
  for (auto& [id, run] : runs_) {
    run.stopped = true;
    Kill(id);
  }
}

bool HookProcesses::Adopt(const Inventory::Process& process, UniqueFd& output) {
  std::optional<HookTag> tag = DecodeHookTag(process.tag);
  if (!tag.has_value()) return false;
  const WorkerId id = process.id;
  Run run;
  run.key = tag->key;
  run.start_time = tag->start_time;
  run.timeout = tag->timeout;
  run.root.id = id;
  run.root.pid = process.pid;
  run.root.start_ticks = process.start_ticks;
  run.adopted = true;
  runs_.emplace(id, std::move(run));
  if (output.valid()) {
    logs_.Add(id, tag->app, LogSelection::kAnySlot, LogStreamKind::kErr,
              LogPolicy(), std::move(output));
  }
  if (process.ended) {
    loop_.Post([this, alive = alive_, id, exit = process.exit] {
      if (*alive) OnExited(id, exit);
    });
    return true;
  }
  // Its orphans do not come to the keeper.
  if (!process.is_child) tree_.ScanWholeSystem();
  ArmTimeout(id, tag->start_time + tag->timeout - loop_.clock().WallNow());
  return true;
}

void HookProcesses::Kill(WorkerId id) {
  Run& run = runs_.at(id);
  // Else it is killed once it has started.
  if (run.root.pid == 0 || run.ended) return;
  keeper_.Signal(id, SIGKILL, /*group=*/true);
  tree_.KillTree(run.root);
}

bool HookProcesses::OnSpawned(WorkerId id, pid_t pid, uint64_t start_ticks) {
  auto found = runs_.find(id);
  if (found == runs_.end()) return false;
  found->second.root.pid = pid;
  found->second.root.start_ticks = start_ticks;
  if (found->second.timed_out || found->second.stopped) Kill(id);
  return true;
}

bool HookProcesses::OnSpawnFailed(WorkerId id, const std::string& step,
                                  int error_number) {
  auto found = runs_.find(id);
  if (found == runs_.end()) return false;
  const HookKey key = found->second.key;
  loop_.CancelTimer(found->second.timer);
  runs_.erase(found);
  logs_.Finish(id);
  logs_.Forget(id);
  Tell(key, {false,
             absl::StrCat("cannot be started: ", step, ": ",
                          std::strerror(error_number)),
             {}});
  return true;
}

bool HookProcesses::OnExited(WorkerId id, ProcessExit exit) {
  auto found = runs_.find(id);
  if (found == runs_.end()) return false;
  Run& run = found->second;
  if (run.ended) return true;
  run.ended = true;
  loop_.CancelTimer(std::exchange(run.timer, 0));
  logs_.ReadNow(id);
  Tell(run.key, EndOf(id, run, exit));
  loop_.Post([this, alive = alive_, id] {
    if (*alive) CleanUp(id);
  });
  return true;
}

HookEnd HookProcesses::EndOf(WorkerId id, const Run& run,
                             const ProcessExit& exit) const {
  HookEnd end;
  end.success = exit.kind == ProcessExit::Kind::kExited && exit.value == 0 &&
                !run.timed_out && !run.stopped;
  const std::string took =
      HumanDuration(loop_.clock().WallNow() - run.start_time);
  if (run.timed_out) {
    end.reason = absl::StrCat("not ended within ", DurationText(run.timeout),
                              ", killed");
  } else if (run.stopped) {
    end.reason = absl::StrCat("killed after ", took, ", with the agent");
  } else if (exit.kind == ProcessExit::Kind::kUnknown) {
    end.reason =
        "its outcome is not known: the keeper that had started it was killed "
        "while it ran";
  } else {
    end.reason = absl::StrCat(DescribeExit(exit, "").message, " after ", took);
  }
  end.output = logs_.StderrTail(id, kMaxHookLines + 1);
  std::vector<std::string>& lines = end.output;
  if (!lines.empty() && absl::StartsWith(lines.front(), kHookTitle)) {
    lines.erase(lines.begin());
  }
  const size_t kept = std::min<size_t>(lines.size(), kMaxHookLines);
  lines.erase(lines.begin(), lines.end() - static_cast<ptrdiff_t>(kept));
  for (std::string& line : lines) line = line.substr(0, kMaxHookLine);
  return end;
}

void HookProcesses::Tell(const HookKey& key, HookEnd end) {
  if (listener_ != nullptr) listener_->OnHookEnded(key, std::move(end));
}

// What it has left running goes with it.
void HookProcesses::CleanUp(WorkerId id) {
  Run& run = runs_.at(id);
  run.timer = 0;
  if (tree_.KillTree(run.root) > 0 && ++run.kills < kMaxHookKills) {
    run.timer =
        loop_.AddTimerAfter(kHookKillPause, [this, id] { CleanUp(id); });
    return;
  }
  tree_.Forget(id);
  logs_.Finish(id);
  logs_.Forget(id);
  runs_.erase(id);
  keeper_.AckExit(id);
}

}  // namespace fleet::agent
