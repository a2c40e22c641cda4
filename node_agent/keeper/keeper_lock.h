// One keeper a state folder, and what the next one has to know of the last.
#ifndef FLEET_NODE_AGENT_KEEPER_KEEPER_LOCK_H_
#define FLEET_NODE_AGENT_KEEPER_KEEPER_LOCK_H_

#include <sys/types.h>

#include <cstdint>

namespace fleet::keeper {

// DIR/keeper.lock: an flock, and inside it
//   keeper PID
//   agent PID START_TICKS
// The kernel lets go of the lock when its keeper ends, however it does.
class KeeperLock {
 public:
  enum class Result {
    kLocked,
    kHeld,     // By holder().
    kFailed,   // errno says.
    kStopped,  // While waiting: a signal ended that, and nothing is left.
    // kLocked, and told to stop: the last holder was killed before it had, so
    // what it had is to be stopped.
    kStopRest,
    kUpgrade,  // While waiting: this program is to be started anew.
  };

  // `dir` is a descriptor of the folder.
  Result TryLock(int dir);
  // Stands by until the holder is gone. A SIGTERM from `signals` (a signalfd)
  // is passed on to the holder, and to each that comes after it, and kStopped
  // comes when one has ended by itself: so a service manager that knows only
  // the stand-by stops the whole. `stopping`: as if a SIGTERM had come. A
  // SIGHUP is passed on too, and kUpgrade comes at once. A SIGINT ends the
  // stand-by alone.
  Result Wait(int dir, int signals, bool stopping);

  // Writes down who is who now. `agent_pid` 0: none runs.
  void Write(pid_t agent_pid, uint64_t agent_ticks);
  // Before it goes for good.
  void Clear();

  // For the program after an exec of this one, which holds the lock.
  void Resume(int fd) { fd_ = fd; }
  int fd() const { return fd_; }

  // As found at the last try.
  pid_t holder() const { return holder_; }
  pid_t agent_pid() const { return agent_pid_; }
  uint64_t agent_ticks() const { return agent_ticks_; }

 private:
  void Read();
  // Sends it `first`, unless that is 0. The signal that came, or 0.
  int WaitForHolder(int signals, int first);

  int fd_ = -1;
  pid_t holder_ = 0;
  pid_t agent_pid_ = 0;
  uint64_t agent_ticks_ = 0;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_KEEPER_LOCK_H_
