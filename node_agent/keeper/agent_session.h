// One connection with an agent: carries out what it asks, tells it what
// happened.
#ifndef FLEET_NODE_AGENT_KEEPER_AGENT_SESSION_H_
#define FLEET_NODE_AGENT_KEEPER_AGENT_SESSION_H_

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/fd_store.h"
#include "node_agent/keeper/packet_socket.h"
#include "node_agent/keeper/process_table.h"
#include "node_agent/keeper/spawn_request.h"
#include "node_agent/keeper/wire.h"

namespace fleet::keeper {

// What is to be told is not queued but marked in the table, so it needs no
// bound and the next agent gets it too; failed spawns alone are queued, and
// while kMaxFailures of them wait nothing is read.
class AgentSession {
 public:
  // kIdle: all is well and nothing was there to read.
  enum class Result { kOk, kIdle, kClosed, kBad };

  // A process that is no child: its pidfd wants watching.
  using WatchPidfd = void (*)(void* context, size_t index, int pidfd);

  AgentSession(ProcessTable& processes, FdStore& store,
               const rlimit& child_nofile);
  void SetWatchPidfd(WatchPidfd watch, void* context);
  // For the Welcomes (wire.h) until an agent has started something, and so has
  // looked for what was lost.
  void SetAfterLoss(uint64_t newest_id);

  // Takes the socket of an agent that has not said Hello yet.
  void Attach(int socket);
  // Forgets the connection and what was promised to it.
  void Detach();
  int socket() const { return socket_; }
  bool attached() const { return socket_ >= 0; }
  bool greeted() const { return stage_ != Stage::kNoHello; }
  // Ack::kHandedOver was said on this connection.
  bool handed_over() const { return handed_over_; }

  // Takes at most a few messages, so that ended processes are not kept
  // waiting. After kClosed and kBad (with its line on stderr): Detach.
  Result Receive();
  // Sends what can be sent now.
  Result Send();
  // Epoll events to wait for.
  uint32_t WantedEvents() const;

  // The process has ended: notes it, to be told with the next Send.
  void NoteExit(Process& process, ExitKind kind, int value);

 private:
  static constexpr size_t kMaxFailures = 64;
  static constexpr int kMessagesPerTurn = 16;
  enum class Stage { kNoHello, kWelcome, kProcesses, kHeld, kEnd, kRunning };

  Result Handle();
  Result HandleHello();
  Result HandleSpawn();
  Result HandleAck();
  Result HandleHold();
  Result HandleDrop();
  Result HandleAdopt();
  void ChangeMain(Process& process, const ProcessInfo& info);
  Result Bad(const char* why);
  // The name after a Name, or nullptr when it is malformed.
  const char* ParseName(size_t* size, uint64_t* owner) const;
  void AddSpawned(const SpawnRequest& request, const ChildResult& child);
  void LetChildRun();
  void HoldNamed(const SpawnRequest& request);
  void AddFailure(uint64_t id, const char* step, int error_number);
  void AddRefusal(Type what, int error_number);

  // Each sends at most what fits; kFull: later.
  SendResult SendInventory();
  SendResult SendWelcome();
  SendResult SendProcess(Process& process);
  SendResult SendHeld(const FdStore::Entry& entry);
  SendResult SendFailures();
  SendResult SendChanges();
  SendResult SendChange(Process& process);
  template <typename T>
  SendResult SendFixed(const T& message, int fd = -1) {
    return SendPacket(socket_, &message, sizeof message, nullptr, 0, fd);
  }

  ProcessTable& processes_;
  FdStore& store_;
  const rlimit child_nofile_;
  WatchPidfd watch_pidfd_ = nullptr;
  void* watch_context_ = nullptr;

  int socket_ = -1;
  Stage stage_ = Stage::kNoHello;
  int64_t last_start_us_ = 0;
  bool after_loss_ = false;
  uint64_t newest_id_ = 0;
  size_t cursor_ = 0;     // In the inventory.
  size_t changes_ = 0;    // Marks in the table.
  bool blocked_ = false;  // The socket is full.
  bool handed_over_ = false;
  Refused refused_{};
  SpawnFailed failures_[kMaxFailures];
  size_t n_failures_ = 0;
  Packet packet_;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_AGENT_SESSION_H_
