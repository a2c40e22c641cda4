// The network between one host and the controller.
#ifndef FLEET_TESTS_SIM_LINK_H_
#define FLEET_TESTS_SIM_LINK_H_

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "tests/sim/random.h"
#include "tests/sim/timeline.h"

namespace fleet::sim {

struct LinkQuality {
  absl::Duration latency = absl::Milliseconds(1);
  // Added to it, from zero up.
  absl::Duration jitter;
  // Of the messages that may be: see Connection.
  int duplicate_percent = 0;
  int reorder_percent = 0;
  int drop_percent = 0;
};

enum class Direction { kUp, kDown };  // Up: to the controller.

// One direction of one stream: what goes in comes out in the same order, as
// with TCP, however long it takes.
class Pipe {
 public:
  using Arrive = std::function<void()>;

  void Send(Timeline& timeline, absl::Duration delay, Arrive arrive);
  // Overtakes and is overtaken.
  void SendUnordered(Timeline& timeline, absl::Duration delay, Arrive arrive);
  // While it is blocked, what arrives waits: TCP sends it again when it can.
  void Block() { blocked_ = true; }
  void Unblock(Timeline& timeline);
  bool blocked() const { return blocked_; }

 private:
  void OnArrival(Arrive arrive);

  bool blocked_ = false;
  absl::Time last_ = absl::InfinitePast();
  std::deque<Arrive> held_;
  // Guards what is under way against our end.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The quality and the cuts of a host's line. Streams over it ask it.
class Link {
 public:
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual Pipe& pipe(Direction direction) = 0;
    // Neither end is open.
    virtual bool over() const = 0;
  };

  Link(Timeline& timeline, Random random)
      : timeline_(timeline), random_(random) {}

  void SetQuality(const LinkQuality& quality) { quality_ = quality; }
  const LinkQuality& quality() const { return quality_; }
  // Nothing passes in this direction until Heal; neither side is told.
  void Cut(Direction direction);
  void Heal();
  bool cut(Direction direction) const {
    return direction == Direction::kUp ? cut_up_ : cut_down_;
  }
  bool cut() const { return cut_up_ || cut_down_; }

  // Keeps it until it is over.
  void Add(std::shared_ptr<Stream> stream);
  absl::Duration Delay();
  Random& random() { return random_; }
  Timeline& timeline() { return timeline_; }

 private:
  Timeline& timeline_;
  Random random_;
  LinkQuality quality_;
  bool cut_up_ = false;
  bool cut_down_ = false;
  std::vector<std::shared_ptr<Stream>> streams_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_LINK_H_
