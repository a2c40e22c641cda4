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
  // How a later keeper starts this agent again. Empty: as this process was.
  std::vector<std::string> agent_argv;
  absl::Duration deadline = absl::Seconds(10);
  // The keeper serves another agent: this one has to end. Default: says so on
  // stderr and exits with code 1.
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
// Bounds: 4,096 processes and 8,192 held descriptors (the keeper's), 32,768
// messages on their way; past that the connection is made anew from what is
// known here, so nothing is lost.
class KeeperConnection : public KeeperClient {
 public:
  // Blocks until the inventory is here. UNAVAILABLE: no keeper in time;
  // FAILED_PRECONDITION: one of another version, or one that serves another
  // agent.
  static absl::StatusOr<std::unique_ptr<KeeperConnection>> Connect(
      EventLoop& loop, KeeperOptions options);
  ~KeeperConnection() override;
  KeeperConnection(const KeeperConnection&) = delete;
  KeeperConnection& operator=(const KeeperConnection&) = delete;

  // What the keeper had at Connect; once, later calls give nothing. Processes
  // that had ended are here and not in OnExited.
  Inventory TakeInventory();

  void SetEvents(Events* events) override { events_ = events; }
  void Spawn(SpawnRequest request) override;
  void Signal(WorkerId id, int signal, bool group) override;
  void AckExit(WorkerId id) override;
  void Hold(const std::string& name, int fd) override;
  void Drop(const std::string& name) override;
  pid_t keeper_pid() const override { return keeper_pid_; }
  std::string keeper_version() const override { return keeper_version_; }

  // How often the keeper was lost.
  int64_t keepers_lost() const { return keepers_lost_; }

 private:
  struct PendingSignal {
    int signal;
    bool group;
  };
  // A process from Spawn to AckExit.
  struct Process {
    std::string tag;
    pid_t pid = 0;  // 0: not answered yet; then `spawn` repeats the request.
    uint64_t start_ticks = 0;
    UniqueFd pidfd;
    bool ended = false;
    ProcessExit exit;
    std::unique_ptr<KeeperMessage> spawn;
    std::vector<PendingSignal> signals;  // At most 8.
  };

  KeeperConnection(EventLoop& loop, KeeperOptions options);

  absl::Status Establish(absl::Time deadline);
  absl::Status TryReconnect();
  void StartKeeper();
  void ReapKeeper();
  absl::Status Greet(int fd);
  absl::Status ReadInventory(absl::Time deadline);
  absl::Status NoteInventory(KeeperMessage message, bool* done);
  void NoteProcess(KeeperMessage message);
  void NoteHeld(KeeperMessage message);

  void Watch();
  void OnSocket(uint32_t events);
  bool ReceiveSome();
  bool Handle(KeeperMessage message);
  void HandleSpawned(const KeeperMessage& message, UniqueFd pidfd);
  void HandleExited(WorkerId id, ProcessExit exit);
  void HandleSpawnFailed(WorkerId id, const std::string& step, int error);
  void Send(KeeperMessage message);
  void Flush();
  void Lose(const std::string& why);
  void Recover();
  void HandOver();
  void HandOverProcesses();
  void PostRecover();
  bool AdoptStray(WorkerId id, Process& process);
  void Deliver(WorkerId id, int signal, bool group, const Process& process);
  void ReportLater(std::function<void()> report);

  EventLoop& loop_;
  KeeperOptions options_;
  Events* events_ = nullptr;

  UniqueFd socket_;
  bool watching_ = false;
  bool wants_write_ = false;
  std::deque<KeeperMessage> outgoing_;
  std::vector<char> buffer_;

  pid_t keeper_pid_ = 0;
  std::string keeper_version_;
  int64_t keepers_lost_ = 0;
  absl::Duration retry_delay_;
  EventLoop::TimerId retry_timer_ = 0;
  pid_t own_keeper_ = 0;  // Started by us and not reaped yet.

  std::map<WorkerId, Process> processes_;
  std::map<std::string, UniqueFd> held_;
  Inventory inventory_;
  // What a new keeper listed while we connected again.
  std::vector<Inventory::Process> listed_;
  std::vector<std::string> listed_held_;

  // Guards tasks that were posted against our end.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_KEEPER_CONNECTION_H_
