#include "cli/background_calls.h"

#include <utility>

namespace fleet::cli {

BackgroundCalls::BackgroundCalls(EventLoop& loop)
    : loop_(loop), thread_([this] { Serve(); }) {}

BackgroundCalls::~BackgroundCalls() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  given_.notify_all();
  thread_.join();
}

bool BackgroundCalls::Run(std::function<Result()> work) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.size() >= kMostWaiting) return false;
    waiting_.push_back(std::move(work));
  }
  given_.notify_all();
  return true;
}

void BackgroundCalls::Serve() {
  const std::weak_ptr<int> alive = alive_;
  for (;;) {
    std::function<Result()> work;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      given_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (ending_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    loop_.Post([alive, result = work()] {
      if (!alive.expired()) result();
    });
  }
}

}  // namespace fleet::cli
