// How a connection begins, and how it begins anew with another keeper.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/keeper_connection.h"
#include "node_agent/proc_reader.h"
#include "node_agent/process_tree.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::agent {
namespace {

using keeper::HeaderOf;
using keeper::Type;

constexpr absl::Duration kFirstRetry = absl::Milliseconds(2);
constexpr absl::Duration kMaxRetry = absl::Seconds(1);

keeper::ExitKind WireKind(ProcessExit::Kind kind) {
  switch (kind) {
    case ProcessExit::Kind::kExited:
      return keeper::ExitKind::kExited;
    case ProcessExit::Kind::kSignaled:
      return keeper::ExitKind::kSignaled;
    case ProcessExit::Kind::kUnknown:
      break;
  }
  return keeper::ExitKind::kUnknown;
}

// False: nothing to read before `deadline`.
bool WaitReadable(int fd, absl::Duration wait) {
  pollfd readable{fd, POLLIN, 0};
  int millis = static_cast<int>(
      absl::ToInt64Milliseconds(std::max(wait, absl::ZeroDuration())));
  return poll(&readable, 1, millis) > 0;
}

absl::Status RefusedStatus(int error_number) {
  if (error_number == EPROTONOSUPPORT) {
    return absl::FailedPreconditionError(
        "the keeper is of another release; install fleet-agent and "
        "fleet-keeper from one, then restart the agent");
  }
  return absl::FailedPreconditionError(
      "the keeper of this state folder serves another agent; stop that one "
      "first");
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeeperConnection>> KeeperConnection::Connect(
    EventLoop& loop, KeeperOptions options) {
  if (!options.on_refused) {
    options.on_refused = [](const absl::Status& status) {
      spdlog::error("{}", std::string(status.message()));
      std::exit(1);
    };
  }
  absl::Duration wait = options.deadline;
  auto connection = std::unique_ptr<KeeperConnection>(
      new KeeperConnection(loop, std::move(options)));
  RETURN_IF_ERROR(connection->Establish(loop.clock().Now() + wait));
  return connection;
}

absl::Status KeeperConnection::Establish(absl::Time deadline) {
  if (options_.fd >= 0) {
    fcntl(options_.fd, F_SETFD, FD_CLOEXEC);
    Greet(UniqueFd(options_.fd));
  } else {
    RETURN_IF_ERROR(ConnectOrLaunch(deadline));
  }
  RETURN_IF_ERROR(ReadInventory(deadline));
  BuildInventory();
  // All that there is came from the keeper.
  SendAck(keeper::Ack::kHandedOver);
  return absl::OkStatus();
}

absl::Status KeeperConnection::ConnectOrLaunch(absl::Time deadline) {
  while (true) {
    absl::StatusOr<UniqueFd> socket = ConnectToKeeper(options_.state_dir);
    if (socket.ok()) {
      Greet(std::move(socket).value());
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(launcher_.Launch());
    if (loop_.clock().Now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("no keeper came up: ", socket.status().message(),
                       "; its own lines on stderr say why"));
    }
    poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(kFirstRetry)));
  }
}

absl::Status KeeperConnection::ReadInventory(absl::Time deadline) {
  while (state_ != State::kRunning) {
    if (!WaitReadable(socket_.get(), deadline - loop_.clock().Now())) {
      return absl::DeadlineExceededError("the keeper does not answer");
    }
    absl::StatusOr<KeeperMessage> message = ReceiveMessage(socket_.get());
    if (absl::IsUnavailable(message.status())) continue;
    if (!message.ok()) return Annotate(message.status(), "the keeper");
    RETURN_IF_ERROR(NoteInventory(std::move(message).value()));
  }
  return absl::OkStatus();
}

void KeeperConnection::Greet(UniqueFd socket) {
  keeper::Hello hello{
      HeaderOf(Type::kHello), keeper::kMagic, keeper::kVersion, {}};
  // A failure shows when the answer is read; it may be a refusal.
  SendMessage(socket.get(), MessageBytes(hello), {});
  socket_ = std::move(socket);
  state_ = State::kGreeting;
  watch_writable_ = false;
  listed_.clear();
  listed_held_.clear();
  loop_.AddFd(socket_.get(), EPOLLIN,
              [this](uint32_t events) { OnSocket(events); });
}

absl::Status KeeperConnection::NoteInventory(KeeperMessage message) {
  switch (message.type()) {
    case Type::kWelcome: {
      auto welcome = message.As<keeper::Welcome>();
      welcome.version_text[keeper::kMaxVersionText - 1] = '\0';
      keeper_pid_ = welcome.keeper_pid;
      keeper_version_ = welcome.version_text;
      inventory_.after_loss = welcome.after_loss != 0;
      inventory_.newest_id = welcome.newest_id;
      return absl::OkStatus();
    }
    case Type::kProcess: {
      auto info = message.As<keeper::ProcessInfo>();
      listed_.push_back(
          {{info.id, message.Tail<keeper::ProcessInfo>(), info.pid,
            info.start_ticks, info.is_child != 0, info.ended != 0,
            ExitOf(info.exit_kind, info.exit_value)},
           message.TakeFd()});
      return absl::OkStatus();
    }
    case Type::kHeld:
      listed_held_.push_back({message.Tail<keeper::Name>(), message.TakeFd(),
                              message.As<keeper::Name>().owner});
      return absl::OkStatus();
    case Type::kInventoryEnd:
      state_ = State::kRunning;
      return absl::OkStatus();
    case Type::kRefused:
      return RefusedStatus(message.As<keeper::Refused>().error_number);
    case Type::kHello:
    case Type::kSpawn:
    case Type::kAck:
    case Type::kHold:
    case Type::kDrop:
    case Type::kAdopt:
    case Type::kSpawned:
    case Type::kSpawnFailed:
    case Type::kExited:
      break;
  }
  return absl::DataLossError("it sent a message out of place");
}

// What Connect found becomes the caller's, and is remembered here.
void KeeperConnection::BuildInventory() {
  for (Listed& listed : listed_) {
    Process& process = processes_[listed.process.id];
    process.tag = listed.process.tag;
    process.pid = listed.process.pid;
    process.start_ticks = listed.process.start_ticks;
    process.pidfd = std::move(listed.pidfd);
    process.ended = listed.process.ended;
    process.exit = listed.process.exit;
    inventory_.processes.push_back(std::move(listed.process));
  }
  for (Inventory::Held& held : listed_held_) {
    held_[held.name] = {DuplicateFd(held.fd.get()), held.owner};
    auto owner = processes_.find(held.owner);
    if (owner != processes_.end()) owner->second.held.push_back(held.name);
    inventory_.held.push_back(std::move(held));
  }
  listed_.clear();
  listed_held_.clear();
}

void KeeperConnection::Lose(const std::string& why) {
  if (state_ == State::kLost) return;
  spdlog::warn("the keeper {} is lost: {}", keeper_pid_, why);
  loop_.RemoveFd(socket_.get());
  socket_.Reset();
  outgoing_.clear();
  bool was_running = state_ == State::kRunning;
  state_ = State::kLost;
  if (was_running) {
    ++keepers_lost_;
    retry_delay_ = absl::ZeroDuration();
  }
  RetryLater();
}

void KeeperConnection::RetryLater() {
  RecoverAfter(retry_delay_);
  retry_delay_ = std::clamp(retry_delay_ * 2, kFirstRetry, kMaxRetry);
}

void KeeperConnection::RecoverAfter(absl::Duration delay) {
  if (retry_timer_ != 0) return;
  retry_timer_ = loop_.AddTimerAfter(delay, [this] {
    retry_timer_ = 0;
    Recover();
  });
}

// To whichever keeper has the folder now; one is started when nobody answers.
// A lost attempt comes back here by Lose.
void KeeperConnection::Recover() {
  if (state_ != State::kLost) return;
  absl::StatusOr<UniqueFd> socket = ConnectToKeeper(options_.state_dir);
  if (socket.ok()) return Greet(std::move(socket).value());
  if (absl::Status launched = launcher_.Launch(); !launched.ok()) {
    spdlog::error("{}", std::string(launched.message()));
  }
  RetryLater();
}

// The keeper has listed what it has: the two sides are made equal.
void KeeperConnection::FinishGreeting() {
  spdlog::info("keeper {} took over: {} processes, {} descriptors handed to it",
               keeper_pid_, processes_.size(), held_.size());
  std::vector<Listed> listed = std::exchange(listed_, {});
  std::vector<Inventory::Held> listed_held = std::exchange(listed_held_, {});
  for (const Inventory::Held& held : listed_held) {
    if (!held_.contains(held.name)) SendDrop(held.name);
  }
  for (const auto& [name, held] : held_) SendHold(name, held.owner);
  std::set<WorkerId> known;
  for (const Listed& process : listed) known.insert(process.process.id);
  std::vector<WorkerId> strangers;
  for (const auto& [id, process] : processes_) {
    if (!known.contains(id)) strangers.push_back(id);
  }
  // Reports to the events come last: they may call back.
  for (WorkerId id : strangers) {
    auto it = processes_.find(id);
    if (it != processes_.end()) HandOver(id, it->second);
  }
  for (Listed& process : listed) AcceptListed(std::move(process));
  SendAck(keeper::Ack::kHandedOver);
}

void KeeperConnection::AcceptListed(Listed listed) {
  const Inventory::Process& process = listed.process;
  if (!processes_.contains(process.id)) {
    if (process.ended) SendAck(process.id);
    return;
  }
  // It has not heard of the last SetMain.
  const Process& known = processes_.at(process.id);
  if (known.pid != 0 && known.pid != process.pid) {
    return SendAdopt(process.id, known);
  }
  HandleSpawned(process.id, process.pid, process.start_ticks,
                std::move(listed.pidfd));
  if (process.ended) HandleExited(process.id, process.pid, process.exit);
}

void KeeperConnection::HandOver(WorkerId id, Process& process) {
  if (process.pid != 0) return SendAdopt(id, process);
  // The lost keeper may have started it without a chance to say so.
  if (AdoptStray(id)) return;
  Send({process.spawn.bytes, Attach::kChildFds, id, {}});
}

bool KeeperConnection::AdoptStray(WorkerId id) {
  pid_t pid = ProcessTree::FindByMarker(id);
  if (pid == 0) return false;
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  std::optional<ProcStat> stat = ReadProcStat(pid);
  if (!pidfd.valid() || !stat.has_value()) return false;
  Process& process = processes_[id];
  process.pidfd = DuplicateFd(pidfd.get());
  process.start_ticks = stat->start_ticks;
  process.pid = pid;
  SendAdopt(id, process);
  process.pid = 0;  // Not known to the events yet.
  HandleSpawned(id, pid, stat->start_ticks, std::move(pidfd));
  return true;
}

void KeeperConnection::SendAdopt(WorkerId id, const Process& process) {
  keeper::ProcessInfo info{};
  info.header = HeaderOf(Type::kAdopt);
  info.id = id;
  info.start_ticks = process.start_ticks;
  info.pid = process.pid;
  info.exit_value = process.exit.value;
  info.exit_kind = WireKind(process.exit.kind);
  info.ended = process.ended ? 1 : 0;
  info.tag_size = static_cast<uint32_t>(process.tag.size());
  Send({MessageBytes(info, process.tag),
        process.ended ? Attach::kNothing : Attach::kPidfd,
        id,
        {}});
}

}  // namespace fleet::agent
