#include "tests/sim/watcher.h"

#include <utility>

#include "controller/rollout_driver.h"
#include "tests/sim/world.h"

namespace fleet::sim {
namespace {

constexpr int kPage = 7;
constexpr absl::Duration kReadingTime = absl::Milliseconds(3);

}  // namespace

void Watcher::Attach() {
  const auto& rollouts = world_.rollout_referee.rollouts();
  const int64_t life = world_.core() == nullptr ? 0 : world_.controller.life();
  if (gone_ || life == 0 || (life == life_ && known_ == rollouts.size()))
    return;
  const bool anew = std::exchange(life_, life) != life;
  known_ = rollouts.size();
  for (const auto& [uid, record] : rollouts) {
    auto [watch, added] = watches_.try_emplace(uid, *this, uid);
    if (!anew && !added) continue;
    if (world_.core()->driver.AddWatcher(uid, watch->second).ok()) {
      ReadSoon(uid);
    }
  }
}

void Watcher::HangUp() {
  gone_ = true;
  controller::FleetCore* core = world_.core();
  if (core == nullptr) return;
  for (auto& [uid, watch] : watches_) core->driver.RemoveWatcher(uid, watch);
}

void Watcher::ReadSoon(const std::string& uid) {
  world_.timeline.After(kReadingTime, [this, uid] { Read(uid); });
}

void Watcher::Read(const std::string& uid) {
  controller::FleetCore* core = world_.core();
  if (core == nullptr) return;
  const RolloutRecord& record = world_.rollout_referee.rollouts().at(uid);
  int64_t& seen = seen_[uid];
  for (;;) {
    auto changes = core->driver.ChangesSince(uid, seen, kPage);
    if (!changes.ok()) return;
    if (changes->reset) {
      return world_.verdict.Fail("14", "a watcher of ", uid, " that has seen ",
                                 seen, " is told to begin anew");
    }
    for (const controller::RolloutEvent& event : changes->events) {
      auto told = record.events.find(event.seq);
      const bool same = told != record.events.end() &&
                        told->second.message == event.message &&
                        told->second.host == event.host;
      if (event.seq != ++seen || !same) {
        return world_.verdict.Fail("14", "a watcher of ", uid, " sees event ",
                                   event.seq, " after ", seen - 1);
      }
    }
    if (static_cast<int>(changes->events.size()) < kPage) return;
  }
}

void Watcher::CheckComplete() const {
  for (const auto& [uid, record] : world_.rollout_referee.rollouts()) {
    auto seen = seen_.find(uid);
    const int64_t last = record.events.rbegin()->first;
    if (seen == seen_.end() || seen->second != last) {
      world_.verdict.Fail("14", "a watcher of ", uid, " has seen ",
                          seen == seen_.end() ? 0 : seen->second, " of ", last,
                          " events");
    }
  }
}

}  // namespace fleet::sim
