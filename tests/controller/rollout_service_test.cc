// The service as a client sees it, over gRPC within the process.
#include "controller/rollout_service.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/call_gate.h"
#include "proto/rpc/grpc_status.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_world.h"
#include "tests/fakes/open_policy.h"

namespace fleet::controller {
namespace {

class OneApp : public AppCatalog {
 public:
  explicit OneApp(const RolloutWorld& world) : world_(world) {}

  absl::StatusOr<RolloutApp> FindRolloutApp(
      const std::string& name, RolloutKind /*kind*/,
      int64_t /*to_revision*/) const override {
    if (name == "web") return world_.Deploy(1).app;
    return ErrorWithReason(absl::StatusCode::kNotFound, "no app",
                           {"APP_NOT_FOUND", {{"app", name}}});
  }
  absl::StatusOr<std::vector<std::string>> DiffRevisions(
      const std::string& /*name*/, int64_t from, int64_t to) const override {
    return std::vector<std::string>{absl::StrCat("args: ", from, " → ", to)};
  }
  absl::StatusOr<std::vector<std::string>> HostsOf(
      const std::string& /*app*/, const std::string& selector) const override {
    if (selector == "nobody") {
      return ErrorWithReason(absl::StatusCode::kNotFound, "no host",
                             {"NO_HOST_MATCHES", {}});
    }
    return world_.Deploy(1).hosts;
  }

 private:
  const RolloutWorld& world_;
};

class RolloutServiceTest : public ::testing::Test {
 protected:
  RolloutServiceTest() : world(3), gate(world.loop, policy), apps(world) {
    world.Start();
    world.ConnectAll();
    world.Pass(DriverOptions().resync_window);
    service = std::make_unique<RolloutService>(gate, *world.driver, apps);
    grpc::ServerBuilder builder;
    builder.RegisterService(service.get());
    server = builder.BuildAndStart();
    stub = v1::RolloutService::NewStub(
        server->InProcessChannel(grpc::ChannelArguments()));
  }
  ~RolloutServiceTest() override {
    WhileLooping([this] { server->Shutdown(); });
    world.Turn();
  }

  // Runs `client` beside the loop; `turn` between two turns of it.
  void WhileLooping(
      const std::function<void()>& client,
      const std::function<void()>& turn = [] {}) {
    std::atomic<bool> done = false;
    std::thread thread([&] {
      client();
      done = true;
    });
    while (!done) {
      turn();
      world.loop.RunOnce(absl::Milliseconds(1));
    }
    thread.join();
  }
  void AgentsWork() {
    for (auto& [host, agent] : world.agents) world.Work(host);
  }

  template <class Response, class Method, class Request>
  absl::StatusOr<Response> Call(Method method, const Request& request) {
    Response response;
    grpc::Status status;
    WhileLooping([&] {
      grpc::ClientContext context;
      status = (stub.get()->*method)(&context, request, &response);
    });
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }
  absl::StatusOr<v1::CreateRolloutResponse> Reload(
      v1::CreateRolloutRequest request = {}) {
    if (request.app().empty()) request.set_app("web");
    if (request.kind() == v1::ROLLOUT_KIND_UNSPECIFIED) {
      request.set_kind(v1::ROLLOUT_KIND_RELOAD);
    }
    return Call<v1::CreateRolloutResponse>(
        &v1::RolloutService::Stub::CreateRollout, request);
  }

  RolloutWorld world;
  OpenPolicy policy;
  CallGate gate;
  OneApp apps;
  std::unique_ptr<RolloutService> service;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<v1::RolloutService::Stub> stub;
};

TEST_F(RolloutServiceTest, CreatesAndGetsAReload) {
  v1::CreateRolloutRequest request;
  request.mutable_policy()->set_max_parallel("50%");
  auto made = Reload(request);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->rollout().policy().max_parallel(), "1");
  EXPECT_EQ(made->rollout().hosts_total(), 3);
  EXPECT_EQ(made->rollout().generation(), 2);
  world.WorkUntilQuiet();
  v1::GetRolloutRequest get;
  get.set_name("web");
  auto got =
      Call<v1::GetRolloutResponse>(&v1::RolloutService::Stub::GetRollout, get);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->rollout().uid(), made->rollout().uid());
  EXPECT_EQ(got->rollout().phase(), v1::ROLLOUT_PHASE_SUCCEEDED);
  EXPECT_EQ(got->rollout().message(), "3 hosts done");
  EXPECT_EQ(got->rollout().steps(1).phase(), v1::HOST_STEP_PHASE_DONE);
  EXPECT_EQ(got->rollout().steps(1).progress().slots_total(), 4);
  EXPECT_TRUE(got->rollout().has_end_time());
}

TEST_F(RolloutServiceTest, ErrorsCarryTheirReasons) {
  v1::CreateRolloutRequest request;
  request.set_app("nope");
  EXPECT_EQ(ReasonOf(Reload(request).status()).reason, "APP_NOT_FOUND");
  request.set_app("web");
  request.set_hosts("nobody");
  EXPECT_EQ(ReasonOf(Reload(request).status()).reason, "NO_HOST_MATCHES");
  request = {};
  request.set_kind(v1::ROLLOUT_KIND_DEPLOY);
  EXPECT_EQ(Reload(request).status().code(),
            absl::StatusCode::kInvalidArgument);
  auto first = Reload();
  ASSERT_TRUE(first.ok());
  ErrorReason reason = ReasonOf(Reload().status());
  EXPECT_EQ(reason.reason, "ROLLOUT_IN_PROGRESS");
  EXPECT_EQ(reason.metadata["rollout"], first->rollout().uid());
  request = {};
  request.set_validate_only(true);
  auto plan = Reload(request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->rollout().under_way().uid(), first->rollout().uid());
  EXPECT_EQ(plan->rollout().under_way().steps_size(), 0);
  EXPECT_EQ(plan->rollout().under_way().hosts_total(), 3);
  v1::RetryRolloutRequest retry;
  retry.set_name("web");
  EXPECT_EQ(ReasonOf(Call<v1::RetryRolloutResponse>(
                         &v1::RolloutService::Stub::RetryRollout, retry)
                         .status())
                .reason,
            "NOTHING_TO_RETRY");
  v1::ListRolloutsRequest list;
  list.set_page_token("x");
  EXPECT_EQ(Call<v1::ListRolloutsResponse>(
                &v1::RolloutService::Stub::ListRollouts, list)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RolloutServiceTest, PausesResumesAbortsAndLists) {
  ASSERT_TRUE(Reload().ok());
  v1::PauseRolloutRequest pause;
  pause.set_name("web");
  pause.set_reason("lunch");
  auto paused = Call<v1::PauseRolloutResponse>(
      &v1::RolloutService::Stub::PauseRollout, pause);
  ASSERT_TRUE(paused.ok());
  ASSERT_EQ(paused->rollout().holds_size(), 1);
  EXPECT_EQ(paused->rollout().holds(0).kind(), v1::HOLD_KIND_USER);
  v1::ResumeRolloutRequest resume;
  resume.set_name("web");
  auto resumed = Call<v1::ResumeRolloutResponse>(
      &v1::RolloutService::Stub::ResumeRollout, resume);
  EXPECT_EQ(resumed->rollout().holds_size(), 0);
  v1::AbortRolloutRequest abort;
  abort.set_name("web");
  ASSERT_TRUE(Call<v1::AbortRolloutResponse>(
                  &v1::RolloutService::Stub::AbortRollout, abort)
                  .ok());
  world.WorkUntilQuiet();
  v1::ListRolloutsRequest list;
  auto listed = Call<v1::ListRolloutsResponse>(
      &v1::RolloutService::Stub::ListRollouts, list);
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->rollouts_size(), 1);
  EXPECT_EQ(listed->rollouts(0).phase(), v1::ROLLOUT_PHASE_ABORTED);
  EXPECT_EQ(listed->rollouts(0).steps_size(), 0);
  EXPECT_EQ(listed->rollouts(0).hosts_total(), 3);
  EXPECT_EQ(listed->next_page_token(), "");
}

TEST_F(RolloutServiceTest, AnUndoThatIsOnlyTriedChangesNothing) {
  NewRollout deploy = world.Deploy(2);
  deploy.app.rollback_revision = 1;
  ASSERT_TRUE(world.driver->Create(deploy).ok());
  world.Work("host-1");
  v1::UndoRolloutRequest undo;
  undo.set_name("web");
  undo.set_validate_only(true);
  auto tried = Call<v1::UndoRolloutResponse>(
      &v1::RolloutService::Stub::UndoRollout, undo);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->rollout().phase(), v1::ROLLOUT_PHASE_ROLLING_BACK);
  EXPECT_EQ(world.driver->Get("web")->state.phase, RolloutPhase::kRolling);
  undo.set_etag("another");
  tried = Call<v1::UndoRolloutResponse>(&v1::RolloutService::Stub::UndoRollout,
                                        undo);
  EXPECT_EQ(ReasonOf(tried.status()).reason, "ETAG_MISMATCH");
  undo.clear_etag();
  world.WorkUntilQuiet();
  // After its end another rollout would be the undo.
  const std::string uid = world.driver->Get("web")->uid;
  tried = Call<v1::UndoRolloutResponse>(&v1::RolloutService::Stub::UndoRollout,
                                        undo);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->rollout().uid(), "");
  EXPECT_EQ(tried->rollout().kind(), v1::ROLLOUT_KIND_ROLLBACK);
  EXPECT_EQ(tried->rollout().waves_size(), 1);
  EXPECT_EQ(world.driver->Get("web")->uid, uid);
}

// What a client gathers from WatchRollout.
struct Watched {
  std::vector<int64_t> seqs;
  v1::Rollout last;
  grpc::Status status;
};

Watched Watch(v1::RolloutService::Stub& stub, const std::string& name,
              int64_t from_seq) {
  Watched watched;
  grpc::ClientContext context;
  v1::WatchRolloutRequest request;
  request.set_name(name);
  request.set_from_seq(from_seq);
  auto reader = stub.WatchRollout(&context, request);
  v1::WatchRolloutResponse response;
  while (reader->Read(&response)) {
    EXPECT_FALSE(response.reset());
    for (const v1::RolloutEvent& event : response.events()) {
      watched.seqs.push_back(event.seq());
    }
    watched.last = response.rollout();
  }
  watched.status = reader->Finish();
  return watched;
}

TEST_F(RolloutServiceTest, WatchTellsEachEventOnceAndEndsWithTheRollout) {
  ASSERT_TRUE(Reload().ok());
  Watched watched;
  WhileLooping([&] { watched = Watch(*stub, "web", 0); },
               [this] { AgentsWork(); });
  EXPECT_TRUE(watched.status.ok()) << watched.status.error_message();
  EXPECT_EQ(watched.last.phase(), v1::ROLLOUT_PHASE_SUCCEEDED);
  ASSERT_EQ(static_cast<int64_t>(watched.seqs.size()), watched.last.last_seq());
  for (size_t i = 0; i < watched.seqs.size(); ++i) {
    EXPECT_EQ(watched.seqs[i], static_cast<int64_t>(i) + 1);
  }
}

TEST_F(RolloutServiceTest, WatchGoesOnFromWhereItWasAndWorksAfterTheEnd) {
  ASSERT_TRUE(Reload().ok());
  world.WorkUntilQuiet();
  Watched watched;
  WhileLooping([&] { watched = Watch(*stub, "web", 5); });
  EXPECT_TRUE(watched.status.ok());
  ASSERT_FALSE(watched.seqs.empty());
  EXPECT_EQ(watched.seqs.front(), 6);
  EXPECT_EQ(watched.seqs.back(), watched.last.last_seq());
}

TEST_F(RolloutServiceTest, WatchOfNothingIsAnError) {
  Watched watched;
  WhileLooping([&] { watched = Watch(*stub, "r-nothing", 0); });
  EXPECT_EQ(watched.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(FromGrpcStatus(watched.status)).reason,
            "ROLLOUT_NOT_FOUND");
}

TEST_F(RolloutServiceTest, WatcherThatGoesAwayLeavesTheRolloutAlone) {
  ASSERT_TRUE(Reload().ok());
  WhileLooping([this] {
    grpc::ClientContext context;
    v1::WatchRolloutRequest request;
    request.set_name("web");
    auto reader = stub->WatchRollout(&context, request);
    v1::WatchRolloutResponse response;
    EXPECT_TRUE(reader->Read(&response));
    context.TryCancel();
    while (reader->Read(&response)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  });
  world.WorkUntilQuiet();
  EXPECT_EQ(world.Now().state.phase, RolloutPhase::kSucceeded);
}

}  // namespace
}  // namespace fleet::controller
