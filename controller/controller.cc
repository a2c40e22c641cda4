#include "controller/controller.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/agent_service.h"
#include "controller/agent_sessions.h"
#include "controller/app_apply.h"
#include "controller/app_orders.h"
#include "controller/app_registry.h"
#include "controller/app_service.h"
#include "controller/app_view.h"
#include "controller/call_gate.h"
#include "controller/event_router.h"
#include "controller/fleet_state.h"
#include "controller/host_placement.h"
#include "controller/host_registry.h"
#include "controller/host_service.h"
#include "controller/log_service.h"
#include "controller/log_tails.h"
#include "controller/request_answers.h"
#include "controller/rollout_driver.h"
#include "controller/rollout_service.h"
#include "controller/store/migrations.h"
#include "controller/store/sqlite_database.h"
#include "controller/store/sqlite_rollout_store.h"
#include "controller/store/sqlite_store.h"
#include "controller/store/state_lock.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

// What has to be there before anything else can be built.
struct Opened {
  StateLock lock;
  std::unique_ptr<SqliteDatabase> database;
  int64_t epoch = 0;
  StoredFleet fleet;
};

absl::StatusOr<Opened> OpenStore(const std::string& state_dir) {
  ASSIGN_OR_RETURN(StateLock lock, StateLock::Take(state_dir));
  ASSIGN_OR_RETURN(auto database, SqliteDatabase::Open(absl::StrCat(
                                      state_dir, "/controller.db")));
  RETURN_IF_ERROR(Migrate(*database, Migrations()));
  SqliteStore store(*database);
  ASSIGN_OR_RETURN(int64_t epoch, store.RaiseEpoch());
  ASSIGN_OR_RETURN(StoredFleet fleet, store.Load());
  return Opened{std::move(lock), std::move(database), epoch, std::move(fleet)};
}

}  // namespace

// In the order in which they depend on each other.
struct Controller::Parts {
  Parts(EventLoop& loop, Opened opened, uint64_t seed);
  ~Parts() { registry.SetListener(nullptr); }

  absl::Status RemoveHost(const std::string& name);

  StateLock lock;
  std::unique_ptr<SqliteDatabase> database;
  const int64_t epoch;
  SqliteStore store;
  SqliteRolloutStore rollout_store;
  HostRegistry hosts;
  AppRegistry registry;
  FleetState state;
  RolloutDriver driver;
  AppOrders orders;
  AppApply apply;
  HostPlacement placement;
  AppView view;
  RequestAnswers answers;
  EventRouter router;
  AgentSessions sessions;
  LogTails tails;
  CallGate gate;
  AgentService agent_service;
  AppService app_service;
  HostService host_service;
  LogService log_service;
  RolloutService rollout_service;
};

Controller::Parts::Parts(EventLoop& loop, Opened opened, uint64_t seed)
    : lock(std::move(opened.lock)),
      database(std::move(opened.database)),
      epoch(opened.epoch),
      store(*database),
      rollout_store(*database),
      hosts(store, loop.clock()),
      registry(store, hosts),
      state(registry, hosts, loop.clock()),
      driver(loop, rollout_store, registry, state, seed, {}),
      orders(store, registry, hosts, driver, loop.clock()),
      apply(store, registry, hosts, driver, loop.clock(), seed + 1),
      placement(registry, hosts, driver),
      view(registry, hosts, state, driver),
      answers(store),
      router(loop),
      sessions(loop,
               SessionEnvironment{registry, hosts, state, orders, router,
                                  loop.clock(), epoch},
               seed + 2),
      tails(loop, sessions, registry, hosts),
      gate(loop),
      agent_service(gate, sessions),
      app_service(gate, registry, apply, orders, answers, view),
      host_service(
          gate, hosts, view,
          [this](const std::string& name) { return RemoveHost(name); }, epoch,
          loop.clock().WallNow()),
      log_service(gate, tails),
      rollout_service(gate, driver, registry) {
  hosts.Load(std::exchange(opened.fleet.hosts, {}));
  registry.Load(std::move(opened.fleet));
  router.Connect(driver, placement, sessions, tails);
  registry.SetListener(&router);
}

absl::Status Controller::Parts::RemoveHost(const std::string& name) {
  StoreChange change;
  for (const std::string& uid : registry.AppsOn(name)) {
    change.gone_targets.push_back({uid, name});
    const AppEntry* app = registry.FindByUid(uid);
    if (app->record.deleted && app->targets.size() == 1) {
      change.gone_app_uids.push_back(uid);
    }
  }
  RETURN_IF_ERROR(hosts.Remove(name, change));
  registry.TakeOver(change);
  state.ForgetHost(name);
  driver.OnHostChanged(name);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Controller>> Controller::Start(
    EventLoop& loop, const ControllerOptions& options) {
  ASSIGN_OR_RETURN(Opened opened, OpenStore(options.state_dir));
  auto parts =
      std::make_unique<Parts>(loop, std::move(opened), options.random_seed);
  RETURN_IF_ERROR(parts->driver.Start());
  spdlog::info("controller version={} epoch={} store={} apps={} hosts={}",
               FLEET_VERSION, parts->epoch, parts->database->path(),
               parts->registry.names().size(), parts->hosts.hosts().size());
  return std::unique_ptr<Controller>(new Controller(std::move(parts)));
}

Controller::Controller(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

Controller::~Controller() = default;

std::vector<grpc::Service*> Controller::services() {
  return {&parts_->agent_service, &parts_->app_service, &parts_->host_service,
          &parts_->log_service, &parts_->rollout_service};
}

void Controller::GoAway() {
  parts_->sessions.GoAway("the controller is stopping");
}

int64_t Controller::epoch() const { return parts_->epoch; }

}  // namespace fleet::controller
