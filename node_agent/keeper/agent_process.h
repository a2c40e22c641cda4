// The agent as a process: started, watched, started again.
#ifndef FLEET_NODE_AGENT_KEEPER_AGENT_PROCESS_H_
#define FLEET_NODE_AGENT_KEEPER_AGENT_PROCESS_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/handover.h"

namespace fleet::keeper {

// Restarts: the first at once, then after 50 ms, twice as long each time, up
// to 5 s; from the start again after a life of 10 s.
class AgentProcess {
 public:
  // `argv` ends with nullptr, argv[0] is the program's absolute path.
  AgentProcess(char** argv, const rlimit& child_nofile);

  // Starts it. Gives the keeper's end of its socket, or -1 after a line on
  // stderr.
  int Start(int64_t now_ms);
  // Takes over one that runs already: its end is to be seen from pidfd().
  // False: there is no such process.
  bool Adopt(pid_t pid, uint64_t start_ticks, int64_t now_ms);
  // What an exec of the keeper carries over.
  void Save(KeeperState* state) const;
  // Takes over the one that the program before this one had, if any.
  void Resume(const KeeperState& state);
  // It has ended. Gives the milliseconds to wait before the next Start.
  int64_t NoteEnd(int64_t now_ms);
  // The next end is no failure.
  void ForgetFailures() { delay_ms_ = 0; }

  bool running() const { return pid_ > 0; }
  bool is_child() const { return running() && is_child_; }
  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_; }
  uint64_t start_ticks() const { return start_ticks_; }
  void Signal(int signal) const;

 private:
  char** BuildEnvironment();

  char** argv_;
  rlimit child_nofile_;
  pid_t pid_ = 0;
  int pidfd_ = -1;
  bool is_child_ = false;
  uint64_t start_ticks_ = 0;
  int64_t started_ms_ = 0;
  int64_t delay_ms_ = 0;
  char fd_entry_[32];
  char nofile_entry_[48];
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_AGENT_PROCESS_H_
