// The controller's core over a real store, with agents that tests play.
#ifndef FLEET_TESTS_CONTROLLER_FLEET_SCENE_H_
#define FLEET_TESTS_CONTROLLER_FLEET_SCENE_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/agent_stream.h"
#include "controller/fleet_core.h"
#include "controller/store/sqlite_database.h"
#include "controller/store/sqlite_rollout_store.h"
#include "controller/store/sqlite_store.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {

class FleetScene;

// An agent whose every message a test writes, and its wire.
class FakeAgent : public AgentStream {
 public:
  FakeAgent(FleetScene& scene, std::string host, std::string host_uid);
  ~FakeAgent() override;

  // Opens a session and says Hello.
  void Connect();
  // The connection is cut.
  void Disconnect();
  void Beat();
  void Say(v1::SessionRequest request);
  // Acks everything that waits, as an agent does that takes it all.
  void AckAll();
  void Ack(int64_t nonce, int code, const std::string& message);
  // Its newest target of the app is carried out to the end.
  void ReportDone(const std::string& app);
  void ReportFailed(const std::string& app, const std::string& reason);
  void Report(const v1::AppStatus& status);
  void ReportRemoved(const std::string& app_uid);

  // What it was told last of the app; nullptr: nothing.
  const v1::AppTarget* Target(const std::string& app) const;
  std::vector<v1::DesiredState> Desired() const;
  bool Received(v1::SessionResponse::MessageCase message) const;

  bool Send(v1::SessionResponse message) override;
  void Close(const absl::Status& status) override { closed = status; }
  void Evict(const absl::Status& status) override { closed = status; }
  const Identity& identity() const override { return caller; }

  std::string host;
  std::string host_uid;
  // What its certificate says.
  Identity caller;
  v1::Hello hello;
  // What it was sent, and how the stream was ended, if it was.
  std::vector<v1::SessionResponse> inbox;
  std::optional<absl::Status> closed;
  // False: it no longer reads.
  bool reads = true;
  // Heartbeats while the scene's time goes on.
  bool beats = true;

 private:
  v1::AppStatus StatusOf(const v1::AppTarget& target) const;

  FleetScene& scene_;
  AgentSession* session_ = nullptr;
  int64_t seq_ = 0;
  std::map<std::string, v1::AppTarget> targets_;  // By name.
  size_t acked_ = 0;
};

// Time stands until the test moves it.
class FleetScene {
 public:
  FleetScene();

  // Everything that is due now.
  void Run();
  // In steps of a second; agents send their heartbeats.
  void Advance(absl::Duration time);
  // The controller is stopped and started again on its store. Agents have to
  // connect anew.
  void Restart();

  // An agent that is connected and has taken its targets.
  std::unique_ptr<FakeAgent> Agent(const std::string& host);
  ApplyOrder Order(const AppSpec& spec) const;
  // Expects that it works.
  ApplyOutcome Apply(const AppSpec& spec);
  ApplyOutcome Apply(const ApplyOrder& order);
  // The app's newest rollout.
  Rollout NewestRollout(const std::string& app);
  const AppEntry& App(const std::string& name);

  FleetCore& core() { return *core_; }
  SqliteDatabase& database() { return *database_; }
  EventLoop& loop() { return loop_; }
  FakeClock& clock() { return clock_; }

 private:
  friend class FakeAgent;

  TempFolder folder_;
  std::set<FakeAgent*> agents_;
  FakeClock clock_;
  EventLoop loop_{clock_};
  std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<SqliteRolloutStore> rollout_store_;
  std::unique_ptr<FleetCore> core_;
};

// A valid spec of a shell script.
AppSpec SpecOf(const std::string& name);

}  // namespace fleet::controller

#endif  // FLEET_TESTS_CONTROLLER_FLEET_SCENE_H_
