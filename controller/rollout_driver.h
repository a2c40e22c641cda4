// Runs rollouts: asks the planner, saves its plan, then acts on it.
#ifndef FLEET_CONTROLLER_ROLLOUT_DRIVER_H_
#define FLEET_CONTROLLER_ROLLOUT_DRIVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/gate_prober.h"
#include "controller/rollout/commands.h"
#include "controller/rollout/planner.h"
#include "controller/rollout_maker.h"
#include "controller/rollout_ports.h"
#include "controller/rollout_reader.h"
#include "controller/rollout_watchers.h"
#include "proto/rpc/event_loop.h"

namespace fleet::controller {

struct DriverOptions {
  // Of this controller; stands in every event.
  int64_t epoch = 0;
  // How long hosts are waited for after a start.
  absl::Duration resync_window = absl::Seconds(10);
  // A rollout is planned no more often: what many hosts say at about the same
  // time makes one plan and one transaction.
  absl::Duration plan_interval;
  // Answers metric gates from outside; must outlive the driver. nullptr: they
  // have no answer.
  GateProber* prober = nullptr;
  // Wait before a commit that failed is tried again.
  absl::Duration store_retry = absl::Seconds(1);
};

// What a person orders of a rollout.
struct RolloutOrder {
  // A uid, or an app's name: its newest rollout.
  std::string name;
  std::string reason;
  std::string actor;
  // Not empty: it must still be so.
  std::string etag;
};

// Loop thread only. Errors carry the reasons of rollout_service.proto.
// Bounds: one active rollout per app, 10,000 to 11,000 events kept of each,
// 1,000 watchers.
//
// Every change is one transaction, then it is in memory, then its targets are
// sent. It plans in a turn of the loop of its own, soon after each change, so
// what Create and the other methods return is the rollout before that.
class RolloutDriver {
 public:
  // All must outlive it. `random_seed` makes uids.
  RolloutDriver(EventLoop& loop, RolloutStore& store, TargetRegistry& targets,
                const FleetSource& fleet, uint64_t random_seed,
                DriverOptions options);
  ~RolloutDriver();
  RolloutDriver(const RolloutDriver&) = delete;
  RolloutDriver& operator=(const RolloutDriver&) = delete;

  // Loads the active rollouts; call once, when the store, the registry and the
  // fleet are loaded and before sessions are accepted.
  absl::Status Start();

  // Something View(host, app_uid) tells may have changed. Cheap when the app
  // is not rolling.
  void OnHostAppChanged(const std::string& host, const std::string& app_uid);
  // The host was connected, disconnected or removed: all its apps.
  void OnHostChanged(const std::string& host);

  // The active rollout's uid, or empty.
  std::string ActiveRolloutOf(const std::string& app) const;
  // nullptr: none is active.
  const Rollout* FindActiveOf(const std::string& app) const;
  // ROLLOUT_IN_PROGRESS: one is.
  absl::Status CheckNoneActive(const std::string& app) const;

  // ROLLOUT_IN_PROGRESS (ABORTED), NO_HOST_MATCHES, INVALID_ARGUMENT for a
  // policy that cannot be read. With a request_id already seen: that rollout,
  // as it is now (also_save is not run).
  absl::StatusOr<Rollout> Create(const NewRollout& request);
  // What is known of the rollout's hosts now.
  FleetView Look(const Rollout& rollout) const;
  // `name` is a uid, or an app's name: its newest rollout.
  absl::StatusOr<Rollout> Get(const std::string& name);
  absl::StatusOr<RolloutPage> List(const std::string& app, bool active_only,
                                   int64_t before, int limit);

  // As in commands.h, and ROLLOUT_NOT_FOUND, ETAG_MISMATCH (ABORTED).
  absl::StatusOr<Rollout> Pause(const RolloutOrder& order);
  absl::StatusOr<Rollout> Resume(const RolloutOrder& order);
  absl::StatusOr<Rollout> Abort(const RolloutOrder& order);
  absl::StatusOr<Rollout> Retry(const RolloutOrder& order);
  absl::StatusOr<Rollout> Promote(const RolloutOrder& order, bool now);
  // Of one that has not ended.
  absl::StatusOr<Rollout> Undo(const RolloutOrder& order);

  // The app is deleted: runs `also_save` and ends its active rollout, if any,
  // at once, in one transaction.
  absl::Status EndForDeletedApp(const std::string& app,
                                const std::string& actor,
                                std::function<absl::Status()> also_save);

  // `watcher` is told of every change until RemoveWatcher.
  absl::Status AddWatcher(const std::string& uid, RolloutWatcher& watcher);
  void RemoveWatcher(const std::string& uid, RolloutWatcher& watcher);
  // At most `limit` events after `after_seq`, and the rollout as it is now.
  absl::StatusOr<RolloutChanges> ChangesSince(const std::string& uid,
                                              int64_t after_seq, int limit);

 private:
  // A rollout that has not ended.
  struct Active {
    Rollout rollout;
    FleetView fleet;
    std::unordered_map<std::string, size_t> index_of_host;
    // Instances that are down on the app's other hosts.
    std::unordered_map<std::string, int> down_elsewhere;
    // Why what it has come to cannot be saved, so that nothing goes on; empty:
    // it is.
    std::string not_saved;
    // By gate: the look that is under way, 0: none.
    std::vector<int64_t> looks;
    // Steady times: to plan again, of the last planning and the last commit.
    absl::Time wake_up = absl::InfinitePast();
    absl::Time planned = absl::InfinitePast();
    absl::Time saved = absl::InfinitePast();
  };
  using Command = absl::StatusOr<Plan> (*)(const Rollout&, const Request&,
                                           Moment);

  Moment Now() const;
  Active& Insert(Rollout rollout);
  // By uid or app's name; nullptr: none is active.
  Active* FindActive(const std::string& name);
  // True: what is known of it has changed.
  bool RefreshHost(Active& active, size_t index);
  // Of a host that is not of the rollout. Likewise.
  bool RefreshElsewhere(Active& active, const std::string& host);
  // Samples come without an event.
  void RefreshSamples(Active& active);
  // Plans it in the next turn of the loop.
  void PlanSoon(Active& active);
  void ArmTimer();
  void OnTimer();
  // False: its plan could not be saved.
  bool PlanNow(Active& active);
  absl::Status SavePlan(Active& active, const Plan& plan);
  void SaveClock(Active& active);
  void TakeOver(Active& active, const Plan& plan);
  void ForgetIfEnded(const std::string& uid);
  absl::Status Save(const RolloutCommit& commit, const std::string& app);
  absl::StatusOr<Rollout> Run(const RolloutOrder& order, Command command);
  // Who wrote its events.
  void Stamp(Plan& plan) const;
  void Ask(Active& active, const GateLook& look);
  void OnAnswer(const std::string& uid, const GateLook& look,
                const GateAnswer& answer);
  // Saves it, and the end of `old` (nullptr: none) with it.
  absl::StatusOr<Rollout> Begin(const NewRollout& request, Rollout rollout,
                                Active* old);
  absl::Status CheckGates(const Policy& policy) const;

  EventLoop& loop_;
  RolloutStore& store_;
  TargetRegistry& targets_;
  const FleetSource& fleet_;
  const DriverOptions options_;
  RolloutReader reader_;
  RolloutMaker maker_;
  RolloutWatchers watchers_;
  absl::Time resync_until_ = absl::InfinitePast();
  std::map<std::string, std::unique_ptr<Active>> active_;  // By uid.
  std::unordered_map<std::string, Active*> by_app_;
  std::unordered_map<std::string, Active*> by_app_uid_;
  // Guards answers against our end.
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  EventLoop::TimerId timer_ = 0;
  absl::Time timer_at_ = absl::InfiniteFuture();
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_DRIVER_H_
