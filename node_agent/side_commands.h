// Commands that run beside the workers: exec probes.
#ifndef FLEET_NODE_AGENT_SIDE_COMMANDS_H_
#define FLEET_NODE_AGENT_SIDE_COMMANDS_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "node_agent/keeper_client.h"
#include "node_agent/probe_request.h"
#include "node_agent/process_tree.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// The keeper starts them, as it does workers, and nothing of them is left when
// they are over: at the timeout, and after the main process has ended, the
// whole tree is killed. An agent that dies leaves them to the next one, which
// kills them (their tag is no worker's).
//
// LocalWorkerRuntime owns it and passes the keeper's events on. Loop thread
// only. Of the output the last kMaxOutput bytes are kept. At most one command a
// probe at a time, so four a worker.
class SideCommands {
 public:
  static constexpr size_t kMaxOutput = 1024;

  SideCommands(EventLoop& loop, KeeperClient& keeper, ProcessTree& tree);
  ~SideCommands();
  SideCommands(const SideCommands&) = delete;
  SideCommands& operator=(const SideCommands&) = delete;

  // Makes the request that starts the command, with its outputs at `out`.
  using Prepare = std::function<absl::StatusOr<SpawnRequest>(int out)>;
  // Success: it has exited with 0 in time. The text names the command, how it
  // ended and the last line that it wrote. The run given back kills the command
  // when it goes before that.
  std::unique_ptr<ProbeRun> Run(const ProbeRequest& request,
                                const Prepare& prepare, ProbeDone done);

  // KeeperClient::Events; false: it is none of the commands.
  bool OnSpawned(WorkerId id, pid_t pid, uint64_t start_ticks);
  bool OnSpawnFailed(WorkerId id, const std::string& step, int error_number);
  bool OnExited(WorkerId id, ProcessExit exit);

 private:
  class Handle;
  struct Command {
    std::string name;
    absl::Duration timeout;
    ProbeDone done;  // Empty: nobody waits for it any more.
    UniqueFd out;
    std::string output;
    WorkerRoot root;  // pid 0: not started yet.
    bool timed_out = false;
    bool ended = false;
    int kills = 0;
    EventLoop::TimerId timer = 0;
  };

  WorkerId NewId();
  void ReadOutput(Command& command);
  void CloseOutput(Command& command);
  void Kill(WorkerId id);
  void Abandon(WorkerId id);
  void Finish(Command& command, bool success, const std::string& how);
  void CleanUp(WorkerId id);

  EventLoop& loop_;
  KeeperClient& keeper_;
  ProcessTree& tree_;
  std::map<WorkerId, Command> commands_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SIDE_COMMANDS_H_
