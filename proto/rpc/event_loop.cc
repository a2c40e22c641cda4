#include "proto/rpc/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr uint64_t kWakeSerial = 0;
constexpr int kEventsPerTurn = 128;

}  // namespace

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock), thread_(std::this_thread::get_id()) {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  FLEET_CHECK(epoll_fd_ >= 0);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  FLEET_CHECK(wake_fd_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeSerial;
  FLEET_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
}

EventLoop::~EventLoop() {
  close(wake_fd_);
  close(epoll_fd_);
}

void EventLoop::AddFd(int fd, uint32_t events, FdCallback callback) {
  FLEET_CHECK(OnLoopThread());
  FLEET_CHECK(!watches_.contains(fd));
  uint64_t serial = next_serial_++;
  epoll_event event{};
  event.events = events;
  event.data.u64 = serial;
  FLEET_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0);
  watches_[fd] = std::make_shared<Watch>(Watch{serial, std::move(callback)});
  fd_of_serial_[serial] = fd;
}

void EventLoop::ModifyFd(int fd, uint32_t events) {
  FLEET_CHECK(OnLoopThread());
  auto it = watches_.find(fd);
  FLEET_CHECK(it != watches_.end());
  epoll_event event{};
  event.events = events;
  event.data.u64 = it->second->serial;
  FLEET_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventLoop::RemoveFd(int fd) {
  FLEET_CHECK(OnLoopThread());
  auto it = watches_.find(fd);
  if (it == watches_.end()) return;
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  fd_of_serial_.erase(it->second->serial);
  watches_.erase(it);
}

EventLoop::TimerId EventLoop::AddTimer(absl::Time when, Task task) {
  FLEET_CHECK(OnLoopThread());
  TimerId id = next_serial_++;
  timers_.emplace(std::make_pair(when, id), std::move(task));
  timer_times_[id] = when;
  return id;
}

EventLoop::TimerId EventLoop::AddTimerAfter(absl::Duration delay, Task task) {
  return AddTimer(clock_.Now() + delay, std::move(task));
}

bool EventLoop::CancelTimer(TimerId id) {
  FLEET_CHECK(OnLoopThread());
  auto it = timer_times_.find(id);
  if (it == timer_times_.end()) return false;
  timers_.erase({it->second, id});
  timer_times_.erase(it);
  return true;
}

// The loop looks at the queue before it waits, so only another thread has to
// wake it.
void EventLoop::Post(Task task) {
  bool wake;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    wake = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (wake && !OnLoopThread()) {
    uint64_t one = 1;
    [[maybe_unused]] ssize_t n = write(wake_fd_, &one, sizeof one);
  }
}

void EventLoop::Run() {
  thread_ = std::this_thread::get_id();
  while (!stop_) RunOnce(absl::InfiniteDuration());
}

void EventLoop::Stop() {
  stop_ = true;
  uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(wake_fd_, &one, sizeof one);
}

absl::Time EventLoop::NextDue() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!posted_.empty()) return absl::InfinitePast();
  }
  return timers_.empty() ? absl::InfiniteFuture()
                         : timers_.begin()->first.first;
}

bool EventLoop::OnLoopThread() const {
  return thread_ == std::this_thread::get_id();
}

bool EventLoop::HasPosted() {
  std::lock_guard<std::mutex> lock(mutex_);
  return !posted_.empty();
}

int EventLoop::WaitMillis(absl::Duration max_wait) {
  if (HasPosted()) return 0;
  absl::Duration wait = max_wait;
  if (!timers_.empty()) {
    wait = std::min(wait, timers_.begin()->first.first - clock_.Now());
  }
  if (wait <= absl::ZeroDuration()) return 0;
  if (wait >= absl::Hours(1))
    return max_wait == absl::InfiniteDuration() && timers_.empty()
               ? -1
               : 3600 * 1000;
  return static_cast<int>(
      absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
}

void EventLoop::RunOnce(absl::Duration max_wait) {
  std::array<epoll_event, kEventsPerTurn> events;
  int n = epoll_wait(epoll_fd_, events.data(), kEventsPerTurn,
                     WaitMillis(max_wait));
  FLEET_CHECK(n >= 0 || errno == EINTR);
  for (int i = 0; i < n; ++i) {
    if (events[i].data.u64 == kWakeSerial) {
      uint64_t count;
      [[maybe_unused]] ssize_t read_bytes =
          read(wake_fd_, &count, sizeof count);
      continue;
    }
    auto it = fd_of_serial_.find(events[i].data.u64);
    if (it == fd_of_serial_.end()) continue;  // Removed in this turn.
    std::shared_ptr<Watch> watch = watches_[it->second];
    watch->callback(events[i].events);
  }
  RunDueTimers();
  RunPosted();
}

void EventLoop::RunDueTimers() {
  absl::Time now = clock_.Now();
  // A timer that is added here waits for the next turn, or a task that adds
  // itself anew without delay would keep descriptors from being served.
  TimerId first_new = next_serial_;
  auto it = timers_.begin();
  while (it != timers_.end() && it->first.first <= now) {
    if (it->first.second >= first_new) {
      ++it;
      continue;
    }
    auto node = timers_.extract(it);
    timer_times_.erase(node.key().second);
    node.mapped()();
    it = timers_.begin();
  }
}

void EventLoop::RunPosted() {
  std::vector<Task> tasks;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) task();
}

}  // namespace fleet
