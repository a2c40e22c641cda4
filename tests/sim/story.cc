#include "tests/sim/story.h"

#include "tests/sim/ending.h"
#include "tests/sim/policy_draw.h"

namespace fleet::sim {
namespace {

// Longer than any of its deadlines in a row.
constexpr absl::Duration kLongEnough = absl::Hours(2);
constexpr absl::Duration kBreath = absl::Seconds(40);
constexpr const char* kFirstZones[] = {"a", "b", "c"};

absl::Duration DrawLength(Random random) {
  return random.Between(absl::Seconds(20), absl::Minutes(6));
}

}  // namespace

Story::Story(uint64_t seed, std::optional<std::vector<Happening>> happenings)
    : random_(Random(seed).Fork("story")),
      world_(seed),
      ann_(world_, "web"),
      fate_(world_, ann_),
      length_(DrawLength(Random(seed).Fork("length"))),
      happenings_(happenings
                      ? *std::move(happenings)
                      : Fate::Draw(Random(seed).Fork("happenings"), length_)) {}

std::string Story::Run() {
  Begin();
  const absl::Time begin = world_.timeline.now();
  for (const Happening& happening : happenings_) {
    world_.RunFor(begin + happening.at - world_.timeline.now());
    if (world_.verdict.failed()) return world_.violation();
    fate_.Befall(happening);
  }
  world_.RunFor(begin + length_ - world_.timeline.now());
  if (world_.verdict.failed()) return world_.violation();
  fate_.Relent(random_);
  Settle();
  if (!world_.verdict.failed()) world_.watcher.CheckComplete();
  return world_.violation();
}

void Story::Begin() {
  // As in a real controller, or none.
  if (random_.OneIn(2)) {
    world_.controller.SetPlanInterval(absl::Milliseconds(5));
  }
  world_.StartController();
  const int hosts = 2 + random_.Below(6);
  for (int i = 0; i < hosts; ++i) fate_.AddHost(kFirstZones[i % 3]);
  const bool all_came = world_.RunUntil(
      [&] { return world_.controller.core().hosts.connected_count() == hosts; },
      absl::Minutes(1));
  if (!all_came) return world_.verdict.Fail("begin", "hosts did not connect");
  DrawSpec(random_, ann_.spec());
  DrawSpecHooks(random_, ann_.spec(), true);
  if (!ann_.Apply(world_.releases.Add({}), {}, false).ok()) {
    return world_.verdict.Fail("begin", "the first apply failed");
  }
  if (!world_.RunUntil([this] { return AtRest(world_, ann_.app()); },
                       absl::Minutes(10))) {
    world_.verdict.Fail("begin", Unrest(world_, ann_.app()));
  }
}

// Bad releases stay bad, and some hosts never return.
void Story::Settle() {
  const absl::Time latest = world_.timeline.now() + kLongEnough;
  auto rests = [this] { return AtRest(world_, ann_.app()); };
  auto stirs = [this] { return !AtRest(world_, ann_.app()); };
  do {
    if (!world_.RunUntil(rests, latest - world_.timeline.now())) {
      return world_.verdict.Fail("16", "no rest: ", Unrest(world_, ann_.app()));
    }
    // Restarts that were under way, and reports, come to their end. A hold may
    // be over before that, and hosts be at work again.
  } while (world_.RunUntil(stirs, kBreath));
  CheckAtRest(world_);
  const RolloutRecord* newest = world_.rollout_referee.Newest(ann_.app());
  if (newest == nullptr || Terminal(newest->head.state.phase)) return;
  if (!ann_.Abort().ok()) {
    // The controller has just died, and starts again.
    world_.RunFor(kBreath);
    ann_.Abort().IgnoreError();
  }
  const bool ended = world_.RunUntil(
      [newest] { return Terminal(newest->head.state.phase); }, kLongEnough);
  if (!ended) world_.verdict.Fail("16", "it was aborted and does not end");
  world_.RunFor(absl::Seconds(1));
}

}  // namespace fleet::sim
