// One thread, one poll loop: descriptors, timers and tasks from other threads.
#ifndef FLEET_PROTO_RPC_EVENT_LOOP_H_
#define FLEET_PROTO_RPC_EVENT_LOOP_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/clock.h"

namespace fleet {

// Owns nothing but its own epoll and event descriptors. Post, Stop and
// OnLoopThread are thread-safe; all else is for the thread that calls Run (or,
// before Run, the thread that made it).
//
// Callbacks run one at a time and must not block. They may add and remove
// descriptors, timers and themselves.
class EventLoop {
 public:
  using Task = std::function<void()>;
  // Gets the epoll events that are set.
  using FdCallback = std::function<void(uint32_t events)>;
  using TimerId = uint64_t;  // 0 is never given out.

  explicit EventLoop(const Clock& clock);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Watches `fd`, level-triggered (unless EPOLLET is added), for EPOLLIN
  // and/or EPOLLOUT (errors and hang-ups are always reported). The caller keeps
  // `fd` open until RemoveFd.
  void AddFd(int fd, uint32_t events, FdCallback callback);
  void ModifyFd(int fd, uint32_t events);
  // No callback for `fd` runs after this returns. Call it before close().
  void RemoveFd(int fd);

  // Runs `task` once at steady time `when`, or soon when that has passed.
  TimerId AddTimer(absl::Time when, Task task);
  TimerId AddTimerAfter(absl::Duration delay, Task task);
  // False: it has run already, or never was.
  bool CancelTimer(TimerId id);

  // Runs `task` on the loop thread, after the callbacks of this turn; what such
  // a task posts waits for the next turn, which then does not wait. Tasks run
  // in the order in which they were posted. Any thread. Unbounded: what is
  // posted must be bounded by its source.
  void Post(Task task);

  // Returns after Stop.
  void Run();
  // One turn: waits for at most `max_wait`, then runs what is due.
  void RunOnce(absl::Duration max_wait);
  void Stop();

  // When the next turn has something to do, descriptors aside: InfinitePast
  // when a task waits, InfiniteFuture when there is neither task nor timer.
  absl::Time NextDue();

  bool OnLoopThread() const;
  const Clock& clock() const { return clock_; }

 private:
  struct Watch {
    uint64_t serial;
    FdCallback callback;
  };

  bool HasPosted();
  int WaitMillis(absl::Duration max_wait);
  void RunDueTimers();
  void RunPosted();

  const Clock& clock_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  uint64_t next_serial_ = 1;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
  std::unordered_map<uint64_t, int> fd_of_serial_;
  std::map<std::pair<absl::Time, TimerId>, Task> timers_;
  std::unordered_map<TimerId, absl::Time> timer_times_;
  std::atomic<bool> stop_{false};
  std::atomic<std::thread::id> thread_;

  std::mutex mutex_;
  std::vector<Task> posted_;  // Guarded by mutex_.
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_EVENT_LOOP_H_
