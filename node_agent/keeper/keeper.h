// The keeper: one loop around its agent, its children and its descriptors.
#ifndef FLEET_NODE_AGENT_KEEPER_KEEPER_H_
#define FLEET_NODE_AGENT_KEEPER_KEEPER_H_

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>

#include "node_agent/keeper/agent_process.h"
#include "node_agent/keeper/agent_session.h"
#include "node_agent/keeper/child_list.h"
#include "node_agent/keeper/fd_rescue.h"
#include "node_agent/keeper/handover.h"
#include "node_agent/keeper/keeper_lock.h"
#include "node_agent/keeper/process_table.h"
#include "node_agent/keeper/program_check.h"
#include "node_agent/keeper/state_record.h"

namespace fleet::keeper {

// Made by main, which has set up signals, limits and the lock.
struct KeeperSetup {
  int signals = -1;    // A signalfd.
  int state_dir = -1;  // The folder.
  // The folder's path, and this program's: for the next program.
  const char* state_path = nullptr;
  const char* program = nullptr;
  char** agent_argv = nullptr;
  rlimit child_nofile{};
  // An agent that runs already, which will connect; 0: start one.
  pid_t agent_pid = 0;
  uint64_t agent_ticks = 0;
  // It comes only to stop what the last one has left.
  bool terminating = false;
  // What the program before this one in the same process was, or nullptr.
  const KeeperState* resumed = nullptr;
};

// Large, and touched only as far as they are used.
struct KeeperTables {
  ProcessTable& processes;
  FdStore& store;
  FdRescue& rescue;
};

// Deaths and what follows from them:
//   worker   → its status is kept, told, and forgotten when acked
//   orphan   → reaped, counted
//   agent    → started again; with exit code 0 after a SIGTERM of ours, or
//              with code 78 when no worker lives, the keeper ends likewise;
//              what such an agent has left is killed, and its end waited for
// A death is seen at once, and those within 0.3 ms of it together.
//
// An agent that drops its connection has 10 s to make a new one (keeper.sock)
// before it is killed; one that sends nonsense is killed at once. Workers live
// on in any case.
//
// SIGHUP is an upgrade: when the programs at the paths of this keeper and its
// agent would start, the keeper executes the first in its own process, whose
// children the workers stay, and then has its agent started anew.
//
// After a SIGKILL of a keeper the next one knows its processes by the record.
// If the agent lives, it hands over the rest; if not, descriptors are taken
// back from the workers.
class Keeper {
 public:
  Keeper(const KeeperSetup& setup, KeeperLock& lock, KeeperTables tables,
         AgentSession& session);

  // Returns the exit code.
  int Run();

 private:
  enum class Source : uint32_t {
    kSignals,
    kListener,
    kSession,
    kAgent,
    kPidfd
  };
  static constexpr int kRunning = -1;
  static constexpr int64_t kNever = -1;
  // So many times a connection that is about to end is read.
  static constexpr int kDrainTurns = 1024;

  bool Start();
  bool Listen();
  void WatchAll();
  // Whether one runs already.
  bool TakeOverAgent();
  void StartAgent();
  void Watch(int fd, Source source, uint32_t index, uint32_t events);
  static void WatchPidfd(void* keeper, size_t index, int pidfd);
  void Turn();
  int Wait(epoll_event* events, int most);
  void WatchSignals(uint32_t events);
  void OnEvent(Source source, uint32_t index);

  void UnwatchPidfd(const Process& process);

  void OnSignals();
  void OnTerminate();

  // keeper_upgrade.cc.
  void OnCheckEnd(ProgramCheck::Result result);
  void Resume();
  void LoadRecord();
  // Gives back only when it has failed.
  void ExecuteNewProgram();
  bool RunNewProgram(int handover);
  // The agent has greeted, and is to make way for its new program.
  void RenewAgent();

  void Reap();
  // Marks what has just been reaped, if nothing of any tree is left behind.
  void NoteTreesGone();
  void OnAgentEnd(ExitKind kind, int value);
  void OnAdoptedEnd(size_t index);
  void OnConnection();
  void AttachSession(int socket);
  void OnSession();
  void EndSession(AgentSession::Result why);
  void SendNews();
  void OnDeadline();
  // Whether an agent's end is the keeper's end too, and with which code.
  int CodeAfter(ExitKind kind, int value);
  void KillRest();
  int TimeoutMs() const;

  const KeeperSetup setup_;
  KeeperLock& lock_;
  ProcessTable& processes_;
  FdStore& store_;
  FdRescue& rescue_;
  AgentSession& session_;
  StateRecord record_;
  ProgramCheck check_;
  AgentProcess agent_;
  ChildList children_;
  int epoll_ = -1;
  int listener_ = -1;
  uint32_t session_events_ = 0;
  bool terminating_ = false;
  bool agent_was_told_ = false;
  bool killing_rest_ = false;
  bool renew_agent_ = false;
  int exit_code_ = kRunning;
  // Until when signals, and with them deaths, wait for more of their kind.
  int64_t reap_again_us_ = kNever;
  // When to start the agent, or (while it runs) to give up on its coming back.
  int64_t deadline_ms_ = kNever;
  uint64_t orphans_ = 0;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_KEEPER_H_
