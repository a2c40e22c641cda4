// The keeper: one loop around its agent, its children and its descriptors.
#ifndef FLEET_NODE_AGENT_KEEPER_KEEPER_H_
#define FLEET_NODE_AGENT_KEEPER_KEEPER_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>

#include "node_agent/keeper/agent_process.h"
#include "node_agent/keeper/agent_session.h"
#include "node_agent/keeper/child_list.h"
#include "node_agent/keeper/keeper_lock.h"
#include "node_agent/keeper/process_table.h"

namespace fleet::keeper {

// Made by main, which has set up signals, limits and the lock.
struct KeeperSetup {
  int signals = -1;    // A signalfd.
  int state_dir = -1;  // The folder.
  char** agent_argv = nullptr;
  rlimit child_nofile{};
  // An agent that runs already, which will connect; 0: start one.
  pid_t agent_pid = 0;
  uint64_t agent_ticks = 0;
};

// Deaths and what follows from them:
//   worker   → its status is kept, told, and forgotten when acked
//   orphan   → reaped, counted
//   agent    → started again; with exit code 0 after a SIGTERM of ours, or
//              with code 78 when no worker lives, the keeper ends likewise
// An agent that drops its connection has 10 s to make a new one (keeper.sock)
// before it is killed; one that sends nonsense is killed at once. Workers live
// on in any case.
class Keeper {
 public:
  Keeper(const KeeperSetup& setup, KeeperLock& lock, ProcessTable& processes,
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

  bool Start();
  bool Listen();
  void StartAgent();
  void Watch(int fd, Source source, uint32_t index, uint32_t events);
  static void WatchPidfd(void* keeper, size_t index, int pidfd);
  void Turn();
  void OnEvent(Source source, uint32_t index);

  void OnSignals();
  void OnTerminate();
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
  int TimeoutMs() const;

  const KeeperSetup setup_;
  KeeperLock& lock_;
  ProcessTable& processes_;
  AgentSession& session_;
  AgentProcess agent_;
  ChildList children_;
  int epoll_ = -1;
  int listener_ = -1;
  uint32_t session_events_ = 0;
  bool terminating_ = false;
  bool agent_was_told_ = false;
  int exit_code_ = kRunning;
  // When to start the agent, or (while it runs) to give up on its coming back.
  int64_t deadline_ms_ = kNever;
  uint64_t orphans_ = 0;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_KEEPER_H_
