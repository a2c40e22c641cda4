// Random events from a seed against what must always hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node_agent/app_events.h"
#include "node_agent/app_reconciler.h"
#include "node_agent/app_restore.h"
#include "node_agent/renewal.h"

namespace fleet::agent {
namespace {

constexpr int kSeeds = 400;
constexpr int kEventsPerSeed = 250;

// A world of processes beside the reconciler's own account of them.
class RandomWorld : public WorkerIdSource {
 public:
  explicit RandomWorld(uint64_t seed) : random_(seed) {
    surge_ = OneIn(2);
    spec_.name = "web";
    spec_.interpreter = "none";
    spec_.exec_mode = surge_ ? ExecMode::kCluster : ExecMode::kFork;
    spec_.stop.kill_timeout = absl::Seconds(5);
    spec_.readiness.timeout = absl::Seconds(10);
    spec_.restart.max_memory_bytes = 100;
    target_.app = "web";
    target_.app_uid = "u";
    target_.instances = 1 + Below(6);
    target_.step.strategy =
        surge_ ? ReloadStrategy::kSurge : ReloadStrategy::kStopFirst;
    target_.step.ready_deadline = absl::Seconds(10);
    target_.step.min_ready_time = absl::Seconds(Below(4));
    NextTarget(true);
    Accept();
  }

  void Step() {
    switch (Below(15)) {
      case 0:
        NextTarget(OneIn(2));
        Accept();
        return;
      case 1:
        RestartAgent(OneIn(6));
        return;
      case 2:
      case 3:
      case 4:
        now_ += absl::Milliseconds(Below(4000));
        Reconcile();
        return;
      case 5:
        WithWorker([this](WorkerId id) { End(id, 1 + Below(2)); });
        return;
      case 6:
        WithWorker([this](WorkerId id) {
          WorkerReadiness(app_, id, false, "503", now_);
          Reconcile();
        });
        return;
      case 7:
        RenewAll(app_, RenewalCause::kWatch, "x.js", now_);
        Reconcile();
        return;
      case 8:
        WithWorker([this](WorkerId id) {
          if (OneIn(3)) {
            WorkerUnhealthy(app_, id, "hangs", {}, now_);
          } else {
            NoteMemory(app_, id, OneIn(2) ? 200 : 50, now_);
          }
          Reconcile();
        });
        return;
      case 9:
        app_.held_by = OneIn(3) ? "db" : "";
        Reconcile();
        return;
      default:
        WithWorker([this](WorkerId id) { Progress(id); });
        return;
    }
  }

  // No more faults: everything starts, gets ready and ends as it is told.
  void Calm() {
    app_.held_by.clear();
    Reconcile();
    for (int i = 0; i < 400 && !Quiet(); ++i) {
      for (WorkerId id : Ids()) Progress(id);
      now_ = wake_up_ == absl::InfiniteFuture() ? now_ + absl::Seconds(1)
                                                : std::max(wake_up_, now_);
      Reconcile();
    }
  }

  void ExpectSettled() {
    EXPECT_FALSE(app_.step.active()) << app_.step.reason;
    int live = 0;
    for (const auto& [index, slot] : app_.slots) {
      for (const auto& [id, worker] : slot.workers) {
        live += worker.live() ? 1 : 0;
        EXPECT_EQ(worker.generation, slot.generation);
      }
      bool gave_up = slot.phase == SlotPhase::kCrashLoop;
      EXPECT_TRUE(gave_up || slot.workers.size() == 1u || target_.stopped);
    }
    if (target_.stopped) {
      EXPECT_EQ(live, 0);
    }
    if (app_.step.phase == StepPhase::kDone && !target_.stopped) {
      for (const auto& [index, slot] : app_.slots) {
        EXPECT_EQ(slot.generation, target_.generation);
      }
    }
  }

  WorkerId NextWorkerId() override { return next_id_++; }
  const std::string& violation() const { return violation_; }

 private:
  int Below(int n) { return static_cast<int>(random_() % n); }
  bool OneIn(int n) { return Below(n) == 0; }

  void NextTarget(bool next_generation) {
    ++target_.serial;
    if (next_generation) ++target_.generation;
    if (OneIn(5)) target_.instances = 1 + Below(6);
    if (OneIn(8)) target_.stopped = !target_.stopped;
    if (OneIn(8)) ++target_.start_nonce;
  }

  void Accept() {
    target_.spec = std::make_shared<AppSpec>(spec_);
    saved_.targets.push_back(target_);
    AcceptTarget(app_, target_);
    Reconcile();
  }

  std::vector<WorkerId> Ids() const {
    std::vector<WorkerId> ids;
    for (const auto& [id, slot] : app_.slot_of_worker) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  template <class Action>
  void WithWorker(Action action) {
    std::vector<WorkerId> ids = Ids();
    if (!ids.empty()) action(ids[Below(static_cast<int>(ids.size()))]);
  }

  void End(WorkerId id, int code) {
    WorkerExited(app_, id, {WorkerExit::Kind::kExited, code, "exit code"}, {},
                 now_);
    Reconcile();
    WorkerGone(app_, id);
    Reconcile();
  }

  // What a healthy worker does next.
  void Progress(WorkerId id) {
    const Worker* worker = FindWorker(app_, id);
    if (worker == nullptr) return;
    if (worker->stopping) {
      End(id, 0);
    } else if (!worker->ready) {
      WorkerReadiness(app_, id, true, "", now_);
      Reconcile();
    }
  }

  void RestartAgent(bool host_too) {
    AppState before = app_;
    app_ = RestoreApp(saved_);
    for (const auto& [index, slot] : before.slots) {
      for (const auto& [id, worker] : slot.workers) {
        if (host_too || worker.exited) continue;
        if (!app_.generations.contains(worker.generation)) continue;
        AdoptedWorker adopted;
        adopted.identity.id = id;
        adopted.identity.slot = index;
        adopted.identity.generation = worker.generation;
        adopted.ready = worker.ready;
        adopted.stopping = worker.stopping;
        AdoptWorker(app_, adopted, worker.started_at, now_);
      }
    }
    Reconcile();
  }

  void Reconcile() {
    AppState before = app_;
    Plan plan = agent::Reconcile(app_, now_, *this);
    wake_up_ = plan.wake_up;
    for (const Action& action : plan.actions) Check(before, action);
    if (plan.step_ended || plan.slots_moved) {
      saved_.slots.clear();
      for (const auto& [index, slot] : app_.slots) {
        saved_.slots[index] = slot.generation;
      }
    }
    if (plan.step_ended) {
      if (!results_.insert(app_.step.generation).second) {
        violation_ = "a generation ended twice";
      }
      saved_.result = app_.step;
    }
    if (plan.wake_up < now_) violation_ = "wakes in the past";
    Plan again = agent::Reconcile(app_, now_, *this);
    for (const Action& action : again.actions) {
      violation_ =
          absl::StrCat("not idempotent: action ", static_cast<int>(action.kind),
                       " in slot ", action.slot, " of worker ", action.worker);
    }
    Bounds();
  }

  void Check(const AppState& before, const Action& action) {
    switch (action.kind) {
      case Action::Kind::kStart:
        // A worker of a generation that failed comes only where the slot runs
        // that generation already.
        if (results_.contains(action.generation) &&
            app_.slots.at(action.slot).generation != action.generation) {
          violation_ = "a generation that ended is started again";
        }
        if (action.generation > target_.generation) {
          violation_ = "a generation nobody asked for";
        }
        return;
      case Action::Kind::kBeginStop:
        CheckStop(before, action);
        return;
      case Action::Kind::kPrepareSockets:
      case Action::Kind::kKill:
      case Action::Kind::kReleaseSlot:
      case Action::Kind::kReleaseApp:
        return;
    }
  }

  // Surge: what serves is stopped only for a replacement that is available, or
  // because the app or the slot is not wanted.
  void CheckStop(const AppState& before, const Action& action) {
    bool unwanted = target_.stopped || action.slot >= target_.instances;
    if (!surge_ || unwanted) return;
    const Slot& slot = before.slots.at(action.slot);
    const Worker& stopped = slot.workers.at(action.worker);
    if (stopped.generation != slot.generation) return;  // A replacement.
    if (stopped.condemned) return;
    for (const auto& [id, worker] : app_.slots.at(action.slot).workers) {
      if (id == action.worker || !worker.live()) continue;
      if (worker.available) return;
    }
    violation_ = absl::StrCat("slot ", action.slot,
                              " is stopped without an available replacement");
  }

  void Bounds() {
    for (const auto& [index, slot] : app_.slots) {
      int live = 0;
      for (const auto& [id, worker] : slot.workers) live += worker.live();
      if (live > 2) violation_ = "more than two live workers in a slot";
      if (!surge_ && live > 1) violation_ = "two live workers, stop-first";
      if (!surge_ && live == 1 && slot.workers.size() > 1) {
        // An adopted one aside, which nothing told to end yet.
        for (const auto& [id, worker] : slot.workers) {
          if (worker.live() && worker.started_at == now_) {
            violation_ = "started beside what is still ending";
          }
        }
      }
    }
  }

  bool Quiet() const {
    if (app_.step.active()) return false;
    for (const auto& [index, slot] : app_.slots) {
      bool waits = slot.phase == SlotPhase::kBackoff;
      bool whole =
          slot.workers.size() == 1u && slot.workers.begin()->second.available;
      bool none = slot.workers.empty() &&
                  (target_.stopped || slot.phase == SlotPhase::kCrashLoop);
      if (waits || (!whole && !none)) return false;
    }
    return true;
  }

  std::mt19937_64 random_;
  bool surge_ = true;
  AppSpec spec_;
  AppTarget target_;
  AppState app_;
  SavedApp saved_;
  std::set<int64_t> results_;
  absl::Time now_ = absl::FromUnixSeconds(1000);
  absl::Time wake_up_ = absl::InfiniteFuture();
  WorkerId next_id_ = 1;
  std::string violation_;
};

TEST(AppReconciler, HoldsItsPromisesUnderRandomEvents) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RandomWorld world(seed);
    for (int i = 0; i < kEventsPerSeed && world.violation().empty(); ++i) {
      world.Step();
    }
    world.Calm();
    ASSERT_EQ(world.violation(), "") << "seed " << seed;
    world.ExpectSettled();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace fleet::agent
