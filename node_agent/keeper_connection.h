// The connection with a real fleet-keeper, and the next keeper when one dies.
#ifndef FLEET_NODE_AGENT_KEEPER_CONNECTION_H_
#define FLEET_NODE_AGENT_KEEPER_CONNECTION_H_

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node_agent/keeper_client.h"
#include "node_agent/keeper_launcher.h"
#include "node_agent/keeper_socket.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

struct KeeperOptions {
  // Started when the keeper is lost, or when `fd` is -1 and none runs.
  std::string keeper_binary;
  // The keeper's folder: its lock and its socket. Absolute.
  std::string state_dir;
  // What FLEET_KEEPER_FD says (taken over), or -1: look for a keeper.
  int fd = -1;
  // How a later keeper starts this agent again; argv[0] is an absolute path.
  // Empty: as this process was started.
  std::vector<std::string> agent_argv;
  // For Connect.
  absl::Duration deadline = absl::Seconds(10);
  // A keeper refuses this agent for good, after Connect. Default: logs it and
  // exits with code 1.
  std::function<void(const absl::Status&)> on_refused;
};

// The agent builds one, before its loop runs, and gives it to whoever needs a
// KeeperClient. Loop thread only.
//
// It holds a duplicate of every descriptor that the keeper holds and a pidfd
// of every process. When the keeper is lost (killed, or it sends nonsense) it
// connects to the one that took its place, starting one where there is none,
// gives it all of that, and repeats what was not answered.
//
// Bounds: 4,096 processes and 8,192 held descriptors (the keeper's own), 32,768
// messages on their way; past that the connection is made anew from what is
// known here, so nothing is lost.
class KeeperConnection : public KeeperClient {
 public:
  // Blocks until the inventory is here. DEADLINE_EXCEEDED: no keeper in time;
  // FAILED_PRECONDITION: one of another version, or one that serves another
  // agent; ABORTED or DATA_LOSS: `fd` is no keeper's.
  static absl::StatusOr<std::unique_ptr<KeeperConnection>> Connect(
      EventLoop& loop, KeeperOptions options);
  ~KeeperConnection() override;
  KeeperConnection(const KeeperConnection&) = delete;
  KeeperConnection& operator=(const KeeperConnection&) = delete;

  // What the keeper had at Connect; later calls give nothing. Processes that
  // had ended are told here and not by OnExited; AckExit them too.
  Inventory TakeInventory();

  // Before the loop runs.
  void SetEvents(Events* events) override { events_ = events; }
  void Spawn(SpawnRequest request) override;
  void Signal(WorkerId id, int signal, bool group) override;
  void SetMain(WorkerId id, pid_t pid, uint64_t start_ticks) override;
  void AckExit(WorkerId id) override;
  void Hold(const std::string& name, int fd) override;
  void Drop(const std::string& name) override;
  pid_t keeper_pid() const override { return keeper_pid_; }
  std::string keeper_version() const override { return keeper_version_; }

  // A keeper is there and knows all that it has to.
  bool connected() const { return state_ == State::kRunning; }
  // How often the keeper was lost.
  int64_t keepers_lost() const { return keepers_lost_; }

 private:
  // kLost → kGreeting (connected, the inventory is coming) → kRunning, and
  // from both back to kLost.
  enum class State { kLost, kGreeting, kRunning };
  struct PendingSignal {
    int signal;
    bool group;
  };
  // A process from Spawn to AckExit.
  struct Process {
    std::string tag;
    pid_t pid = 0;  // 0: not answered yet.
    uint64_t start_ticks = 0;
    UniqueFd pidfd;  // Kept until AckExit, since to close it takes time.
    bool ended = false;
    ProcessExit exit;
    std::vector<std::string> held;       // Names that go with AckExit.
    KeeperMessage spawn;                 // Until it is answered.
    std::vector<PendingSignal> signals;  // Until then; at most 8.
  };
  struct Held {
    UniqueFd fd;
    WorkerId owner = 0;
  };
  // What a keeper lists; a live one has a pidfd.
  struct Listed {
    Inventory::Process process;
    UniqueFd pidfd;
  };
  // Which descriptors go with a message: looked up when it is sent.
  enum class Attach { kNothing, kChildFds, kPidfd, kHeldFd };
  struct Outgoing {
    std::vector<char> bytes;
    Attach attach;
    WorkerId id;
    std::string name;
  };

  KeeperConnection(EventLoop& loop, KeeperOptions options);

  // keeper_connection.cc: at work.
  void OnSocket(uint32_t events);
  bool ReceiveOne();
  void Handle(KeeperMessage message);
  void HandleSpawned(WorkerId id, pid_t pid, uint64_t start_ticks,
                     UniqueFd pidfd);
  void HandleSpawnFailed(WorkerId id, const std::string& step,
                         int error_number);
  void HandleExited(WorkerId id, pid_t pid, ProcessExit exit);
  void HandleRefused(const keeper::Refused& refused);
  void Deliver(const Process& process, PendingSignal signal) const;
  void Send(Outgoing message);
  SendOutcome TrySend(const Outgoing& message);
  void Flush();
  void WatchWritable(bool wanted);
  void LetKeeperRun(WorkerId spawned);
  bool HoldNamed(const SpawnRequest& request, Process& process);
  // Forgets the process and what is held with it.
  bool Erase(WorkerId id);
  void FailSpawnLater(WorkerId id, const std::string& step, int error_number);
  void SendAck(WorkerId id);
  void SendHold(const std::string& name, WorkerId owner);
  void SendDrop(const std::string& name);

  // keeper_recovery.cc: greeting, loss and handover.
  absl::Status Establish(absl::Time deadline);
  absl::Status ConnectOrLaunch(absl::Time deadline);
  absl::Status ReadInventory(absl::Time deadline);
  void Greet(UniqueFd socket);
  // Sets kRunning with the inventory's last message.
  absl::Status NoteInventory(KeeperMessage message);
  void Lose(const std::string& why);
  void Recover();
  void RecoverAfter(absl::Duration delay);
  void RetryLater();
  void FinishGreeting();
  void AcceptListed(Listed listed);
  void HandOver(WorkerId id, Process& process);
  bool AdoptStray(WorkerId id);
  void SendAdopt(WorkerId id, const Process& process);
  void BuildInventory();

  EventLoop& loop_;
  const KeeperOptions options_;
  KeeperLauncher launcher_;
  Events* events_ = nullptr;

  State state_ = State::kLost;
  UniqueFd socket_;
  bool watch_writable_ = false;
  std::deque<Outgoing> outgoing_;
  WorkerId newest_spawn_ = 0;
  pid_t keeper_pid_ = 0;
  std::string keeper_version_;
  int64_t keepers_lost_ = 0;
  absl::Duration retry_delay_;
  EventLoop::TimerId retry_timer_ = 0;

  std::map<WorkerId, Process> processes_;
  std::map<std::string, Held> held_;
  // As listed by the keeper that is being greeted.
  std::vector<Listed> listed_;
  std::vector<Inventory::Held> listed_held_;
  Inventory inventory_;

  // Guards tasks that were posted against our end.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_KEEPER_CONNECTION_H_
