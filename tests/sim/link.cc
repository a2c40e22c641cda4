#include "tests/sim/link.h"

#include <algorithm>
#include <utility>

namespace fleet::sim {

void Pipe::Send(Timeline& timeline, absl::Duration delay, Arrive arrive) {
  last_ = std::max(last_, timeline.now() + delay);
  SendUnordered(timeline, last_ - timeline.now(), std::move(arrive));
}

void Pipe::SendUnordered(Timeline& timeline, absl::Duration delay,
                         Arrive arrive) {
  timeline.After(delay, [this, alive = std::weak_ptr<bool>(alive_),
                         arrive = std::move(arrive)]() mutable {
    if (!alive.expired()) OnArrival(std::move(arrive));
  });
}

void Pipe::OnArrival(Arrive arrive) {
  if (blocked_) {
    held_.push_back(std::move(arrive));
  } else {
    arrive();
  }
}

void Pipe::Unblock(Timeline& timeline) {
  blocked_ = false;
  last_ = std::max(last_, timeline.now());
  // In their order, and before all that is sent from now on.
  for (Arrive& arrive : std::exchange(held_, {})) {
    SendUnordered(timeline, absl::ZeroDuration(), std::move(arrive));
  }
}

void Link::Cut(Direction direction) {
  (direction == Direction::kUp ? cut_up_ : cut_down_) = true;
  for (const auto& stream : streams_) stream->pipe(direction).Block();
}

void Link::Heal() {
  cut_up_ = cut_down_ = false;
  for (const auto& stream : streams_) {
    stream->pipe(Direction::kUp).Unblock(timeline_);
    stream->pipe(Direction::kDown).Unblock(timeline_);
  }
}

void Link::Add(std::shared_ptr<Stream> stream) {
  std::erase_if(streams_, [](const auto& s) { return s->over(); });
  if (cut_up_) stream->pipe(Direction::kUp).Block();
  if (cut_down_) stream->pipe(Direction::kDown).Block();
  streams_.push_back(std::move(stream));
}

absl::Duration Link::Delay() {
  if (quality_.jitter <= absl::ZeroDuration()) return quality_.latency;
  return quality_.latency +
         random_.Between(absl::ZeroDuration(), quality_.jitter);
}

}  // namespace fleet::sim
