// Calls that must not hold up a loop.
#ifndef FLEET_CLI_BACKGROUND_CALLS_H_
#define FLEET_CLI_BACKGROUND_CALLS_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "proto/rpc/event_loop.h"

namespace fleet::cli {

// One thread that runs what it is given, one after the other, and hands the
// results to the loop. At most kMostWaiting wait. Made, used and destroyed on
// the loop's thread; destroying waits for the one that runs, drops the others,
// and no result is handed over afterwards.
class BackgroundCalls {
 public:
  static constexpr size_t kMostWaiting = 16;

  using Result = std::function<void()>;

  // `loop` must outlive it.
  explicit BackgroundCalls(EventLoop& loop);
  ~BackgroundCalls();
  BackgroundCalls(const BackgroundCalls&) = delete;
  BackgroundCalls& operator=(const BackgroundCalls&) = delete;

  // `work` returns what is then run on the loop. False: too many wait.
  bool Run(std::function<Result()> work);

 private:
  void Serve();

  EventLoop& loop_;
  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<std::function<Result()>> waiting_;  // Guarded by mutex_.
  bool ending_ = false;                          // Guarded by mutex_.
  // Results on the loop look whether this is still there.
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  std::thread thread_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_BACKGROUND_CALLS_H_
