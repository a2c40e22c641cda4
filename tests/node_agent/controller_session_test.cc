// The session against a controller in this process.
#include "node_agent/controller_session.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "fleet/v1/agent_service.grpc.pb.h"
#include "node_agent/grpc_session_stream.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/proto_time.h"

namespace fleet::agent {
namespace {

// Longer than anything here takes; only a failure waits for it.
constexpr absl::Duration kPatience = absl::Seconds(20);

// Notes what comes and sends what a test says. Its reactions run on gRPC's
// threads.
class FakeController : public v1::AgentService::CallbackService {
 public:
  class Stream : public grpc::ServerBidiReactor<v1::SessionRequest,
                                                v1::SessionResponse> {
   public:
    explicit Stream(FakeController& owner) : owner_(owner) {
      StartRead(&incoming_);
    }

    void Send(v1::SessionResponse message) {
      std::lock_guard<std::mutex> lock(mutex_);
      outgoing_.push_back(std::move(message));
      if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
    }
    // Once, whoever is first.
    void End(grpc::Status status) {
      if (!ended_.exchange(true)) Finish(std::move(status));
    }

   private:
    void OnReadDone(bool ok) override {
      if (!ok) {
        owner_.Lost(this);
        return;
      }
      owner_.Got(this, incoming_);
      StartRead(&incoming_);
    }
    void OnWriteDone(bool ok) override {
      std::lock_guard<std::mutex> lock(mutex_);
      outgoing_.pop_front();
      if (ok && !outgoing_.empty()) StartWrite(&outgoing_.front());
    }
    void OnCancel() override {}
    void OnDone() override { delete this; }

    FakeController& owner_;
    v1::SessionRequest incoming_;
    std::mutex mutex_;
    std::deque<v1::SessionResponse> outgoing_;
    std::atomic<bool> ended_ = false;
  };

  grpc::ServerBidiReactor<v1::SessionRequest, v1::SessionResponse>* Session(
      grpc::CallbackServerContext*) override {
    std::lock_guard<std::mutex> lock(mutex_);
    ++sessions_;
    stream_ = new Stream(*this);
    return stream_;
  }

  void Got(Stream*, const v1::SessionRequest& message) {
    std::lock_guard<std::mutex> lock(mutex_);
    received_.push_back(message);
  }
  // Its successor may be here already.
  void Lost(Stream* stream) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stream_ == stream) stream_ = nullptr;
    }
    stream->End(grpc::Status::CANCELLED);
  }

  void Send(const v1::SessionResponse& message) {
    std::lock_guard<std::mutex> lock(mutex_);
    stream_->Send(message);
  }
  void End(grpc::StatusCode code, const std::string& why) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::exchange(stream_, nullptr)->End(grpc::Status(code, why));
  }

  int sessions() {
    std::lock_guard<std::mutex> lock(mutex_);
    return sessions_;
  }
  // The oldest message of a kind that has not been taken yet.
  std::optional<v1::SessionRequest> Take(v1::SessionRequest::MessageCase kind) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto it = received_.begin(); it != received_.end(); ++it) {
      if (it->message_case() != kind) continue;
      v1::SessionRequest message = *it;
      received_.erase(it);
      return message;
    }
    return std::nullopt;
  }

 private:
  std::mutex mutex_;
  Stream* stream_ = nullptr;
  int sessions_ = 0;
  std::deque<v1::SessionRequest> received_;
};

class FakeHost : public ControllerSession::Host {
 public:
  v1::Hello MakeHello() override {
    changed.clear();
    v1::Hello hello;
    hello.mutable_host()->set_name("host-1");
    hello.set_epoch(epoch_value);
    return hello;
  }
  bool FillReport(bool full, v1::StateReport& report) override {
    ++reports;
    if (on_report) on_report();
    if (full) report.add_apps()->set_app("all");
    for (const std::string& app : changed) report.add_apps()->set_app(app);
    bool any = full || !changed.empty();
    changed.clear();
    return any;
  }
  v1::Metrics MakeMetrics() override {
    ++metrics;
    return {};
  }
  int64_t epoch() const override { return epoch_value; }
  v1::DesiredStateAck Accept(const v1::DesiredState& wanted) override {
    v1::DesiredStateAck ack;
    ack.set_nonce(wanted.nonce());
    return ack;
  }
  void RunCommand(const v1::Command& command) override {
    commands.push_back(command.id());
  }
  void OnWritable() override {}
  void OnSessionEnd() override { ++ends; }

  int64_t epoch_value = 3;
  std::set<std::string> changed;
  std::function<void()> on_report;
  std::vector<std::string> commands;
  int reports = 0;
  int metrics = 0;
  int ends = 0;
};

class SessionTest : public testing::Test {
 protected:
  SessionTest() : loop_(clock_) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&controller_);
    server_ = builder.BuildAndStart();
    ControllerSession::Options options;
    options.connect = [this](SessionStream::Listener& listener)
        -> absl::StatusOr<std::shared_ptr<SessionStream>> {
      ++attempts_;
      if (!reachable_) return absl::UnavailableError("no route");
      return std::make_shared<GrpcSessionStream>(loop_, listener,
                                                 server_->InProcessChannel({}));
    };
    options.controller = "test";
    options.seed = 1;
    session_ = std::make_unique<ControllerSession>(loop_, host_, options);
  }
  ~SessionTest() override {
    bool stopped = false;
    session_->Stop([&stopped] { stopped = true; });
    EXPECT_TRUE(Await([&stopped] { return stopped; }));
    session_.reset();
    server_->Shutdown(std::chrono::system_clock::now());
  }

  // Runs the loop until it is so; time does not pass for the session.
  bool Await(const std::function<bool()>& condition) {
    absl::Time limit = absl::Now() + kPatience;
    while (!condition()) {
      if (absl::Now() > limit) return false;
      loop_.RunOnce(absl::Milliseconds(1));
    }
    return true;
  }
  v1::SessionRequest AwaitMessage(v1::SessionRequest::MessageCase kind) {
    std::optional<v1::SessionRequest> message;
    EXPECT_TRUE(Await([&] {
      message = controller_.Take(kind);
      return message.has_value();
    })) << "message "
        << kind;
    return message.value_or(v1::SessionRequest());
  }
  void Pass(absl::Duration d) { clock_.Advance(d); }

  void Welcome(int64_t epoch = 3) {
    v1::SessionResponse message;
    v1::Welcome& welcome = *message.mutable_welcome();
    welcome.set_epoch(epoch);
    *welcome.mutable_heartbeat_period() = ToProtoDuration(absl::Seconds(5));
    *welcome.mutable_metrics_period() = ToProtoDuration(absl::Seconds(10));
    controller_.Send(message);
  }
  void Join() {
    session_->Start();
    AwaitMessage(v1::SessionRequest::kHello);
    Welcome();
    ASSERT_TRUE(Await([this] { return session_->welcomed(); }));
    AwaitMessage(v1::SessionRequest::kMetrics);
    // The report that was due is empty and not sent.
    Pass(absl::Milliseconds(2));
    ASSERT_TRUE(Await([this] { return host_.reports > 0; }));
  }
  v1::StateReport Report(const std::string& app) {
    host_.changed.insert(app);
    session_->OnChange();
    Pass(absl::Milliseconds(2));
    return AwaitMessage(v1::SessionRequest::kStateReport).state_report();
  }

  FakeClock clock_;
  EventLoop loop_;
  FakeController controller_;
  std::unique_ptr<grpc::Server> server_;
  FakeHost host_;
  bool reachable_ = true;
  int attempts_ = 0;
  std::unique_ptr<ControllerSession> session_;
};

using C = v1::SessionRequest;

TEST_F(SessionTest, SaysHelloFirst) {
  session_->Start();
  v1::SessionRequest hello = AwaitMessage(C::kHello);
  EXPECT_EQ(hello.hello().host().name(), "host-1");
  EXPECT_EQ(hello.hello().epoch(), 3);
  EXPECT_FALSE(session_->welcomed());
}

TEST_F(SessionTest, ReportsChangesInOneDeltaWithASequenceNumber) {
  Join();
  host_.changed.insert("web");
  session_->OnChange();
  v1::StateReport first = Report("api");
  EXPECT_EQ(first.seq(), 1);
  EXPECT_FALSE(first.full());
  EXPECT_EQ(first.apps_size(), 2);
  EXPECT_EQ(Report("web").seq(), 2);
}

TEST_F(SessionTest, AReportThatTakesLongToBuildIsFollowedByAPause) {
  Join();
  host_.on_report = [this] { Pass(absl::Milliseconds(3)); };
  Report("web");
  const int before = host_.reports;
  host_.changed.insert("api");
  session_->OnChange();
  Pass(absl::Milliseconds(14));
  for (int i = 0; i < 20; ++i) loop_.RunOnce(absl::Milliseconds(1));
  EXPECT_EQ(host_.reports, before);
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(AwaitMessage(C::kStateReport).state_report().apps(0).app(), "api");
}

TEST_F(SessionTest, WhatChangedBeforeTheWelcomeIsReportedAfterIt) {
  session_->Start();
  AwaitMessage(C::kHello);
  host_.changed.insert("web");
  session_->OnChange();
  Welcome();
  ASSERT_TRUE(Await([this] { return session_->welcomed(); }));
  Pass(absl::Milliseconds(2));
  EXPECT_EQ(AwaitMessage(C::kStateReport).state_report().apps(0).app(), "web");
}

TEST_F(SessionTest, ResyncIsAnsweredWithAFullReport) {
  Join();
  v1::SessionResponse resync;
  resync.mutable_resync();
  controller_.Send(resync);
  v1::StateReport report = AwaitMessage(C::kStateReport).state_report();
  EXPECT_TRUE(report.full());
  EXPECT_EQ(report.apps(0).app(), "all");
}

TEST_F(SessionTest, AcksDesiredState) {
  Join();
  v1::SessionResponse wanted;
  wanted.mutable_desired_state()->set_nonce(42);
  controller_.Send(wanted);
  EXPECT_EQ(AwaitMessage(C::kDesiredStateAck).desired_state_ack().nonce(), 42);
}

TEST_F(SessionTest, PassesCommandsOn) {
  Join();
  v1::SessionResponse command;
  command.mutable_command()->set_id("c1");
  controller_.Send(command);
  EXPECT_TRUE(Await([this] { return !host_.commands.empty(); }));
}

TEST_F(SessionTest, ACommandThatIsGivenUpIsNotBegun) {
  Join();
  const auto order = [this](const std::string& id, absl::Duration left) {
    v1::SessionResponse response;
    // The controller's clock is an hour ahead of ours.
    *response.mutable_heartbeat()->mutable_time() =
        ToProtoTimestamp(clock_.WallNow() + absl::Hours(1));
    controller_.Send(response);
    v1::Command& command = *response.mutable_command();
    command.set_id(id);
    *command.mutable_expire_time() =
        ToProtoTimestamp(clock_.WallNow() + absl::Hours(1) + left);
    controller_.Send(response);
  };
  order("late", -absl::Seconds(1));
  v1::CommandResult result = AwaitMessage(C::kCommandResult).command_result();
  EXPECT_EQ(result.id(), "late");
  EXPECT_EQ(result.code(),
            static_cast<int>(absl::StatusCode::kDeadlineExceeded));
  order("in time", absl::Seconds(10));
  EXPECT_TRUE(Await([this] { return !host_.commands.empty(); }));
  EXPECT_EQ(host_.commands[0], "in time");
}

TEST_F(SessionTest, BeatsAndSendsMetricsAtTheirPeriods) {
  Join();
  Pass(absl::Seconds(5));
  AwaitMessage(C::kHeartbeat);
  v1::SessionResponse heartbeat;
  heartbeat.mutable_heartbeat();
  controller_.Send(heartbeat);
  Pass(absl::Seconds(5));
  AwaitMessage(C::kMetrics);
}

TEST_F(SessionTest, SilenceForThreePeriodsEndsTheSession) {
  Join();
  for (int i = 0; i < 3; ++i) {
    Pass(absl::Seconds(5));
    ASSERT_TRUE(Await([&] {
      return controller_.Take(C::kHeartbeat).has_value() || host_.ends > 0;
    }));
  }
  EXPECT_TRUE(Await([this] { return host_.ends == 1; }));
  Pass(absl::Seconds(1));
  AwaitMessage(C::kHello);
  EXPECT_EQ(controller_.sessions(), 2);
}

TEST_F(SessionTest, ALostSessionIsMadeAnewAndStartsItsCountAgain) {
  Join();
  EXPECT_EQ(Report("web").seq(), 1);
  controller_.End(grpc::StatusCode::UNAVAILABLE, "restarting");
  ASSERT_TRUE(Await([this] { return host_.ends == 1; }));
  EXPECT_FALSE(session_->welcomed());
  Pass(absl::Milliseconds(100));
  AwaitMessage(C::kHello);
  Welcome();
  ASSERT_TRUE(Await([this] { return session_->welcomed(); }));
  EXPECT_EQ(Report("web").seq(), 1);
}

TEST_F(SessionTest, WaitsLongerAndLongerButNotForEver) {
  reachable_ = false;
  session_->Start();
  absl::Duration waited;
  std::vector<absl::Duration> waits;
  while (attempts_ < 12) {
    int before = attempts_;
    waited = absl::ZeroDuration();
    while (attempts_ == before) {
      Pass(absl::Milliseconds(10));
      waited += absl::Milliseconds(10);
      loop_.RunOnce(absl::ZeroDuration());
    }
    waits.push_back(waited);
  }
  EXPECT_GE(waits.front(), absl::Milliseconds(50));
  EXPECT_LE(waits.front(), absl::Milliseconds(110));
  EXPECT_GE(waits.back(), absl::Seconds(5));
  EXPECT_LE(waits.back(), absl::Seconds(10.01));
  reachable_ = true;
  Pass(absl::Seconds(10));
  AwaitMessage(C::kHello);
}

TEST_F(SessionTest, ARefusedHelloIsNotRepeatedSoon) {
  session_->Start();
  AwaitMessage(C::kHello);
  controller_.End(grpc::StatusCode::ALREADY_EXISTS, "host-1 is another host");
  ASSERT_TRUE(Await([this] { return host_.ends == 1; }));
  Pass(absl::Seconds(14));
  for (int i = 0; i < 10; ++i) loop_.RunOnce(absl::ZeroDuration());
  EXPECT_EQ(attempts_, 1);
  Pass(absl::Seconds(16));
  EXPECT_TRUE(Await([this] { return attempts_ == 2; }));
}

TEST_F(SessionTest, ALowerEpochIsRefused) {
  session_->Start();
  AwaitMessage(C::kHello);
  Welcome(2);
  EXPECT_TRUE(Await([this] { return host_.ends == 1; }));
  EXPECT_FALSE(session_->welcomed());
}

TEST_F(SessionTest, NoWelcomeInTimeEndsTheAttempt) {
  session_->Start();
  AwaitMessage(C::kHello);
  Pass(absl::Seconds(10));
  EXPECT_TRUE(Await([this] { return host_.ends == 1; }));
}

TEST_F(SessionTest, GoAwayIsFollowedAfterItsDelay) {
  Join();
  v1::SessionResponse go_away;
  *go_away.mutable_go_away()->mutable_retry_delay() =
      ToProtoDuration(absl::Seconds(7));
  controller_.Send(go_away);
  ASSERT_TRUE(Await([this] { return host_.ends == 1; }));
  Pass(absl::Seconds(6));
  for (int i = 0; i < 10; ++i) loop_.RunOnce(absl::ZeroDuration());
  EXPECT_EQ(attempts_, 1);
  Pass(absl::Seconds(1));
  AwaitMessage(C::kHello);
}

TEST_F(SessionTest, SomethingBeforeTheWelcomeEndsTheSession) {
  session_->Start();
  AwaitMessage(C::kHello);
  v1::SessionResponse heartbeat;
  heartbeat.mutable_heartbeat();
  controller_.Send(heartbeat);
  EXPECT_TRUE(Await([this] { return host_.ends == 1; }));
}

TEST_F(SessionTest, LogChunksAreRefusedWithoutASession) {
  EXPECT_FALSE(session_->SendLogChunk({}));
  Join();
  EXPECT_TRUE(session_->SendLogChunk({}));
  AwaitMessage(C::kLogChunk);
}

TEST_F(SessionTest, LogChunksAreRefusedWhileTheStreamIsFull) {
  Join();
  size_t sent = 0;
  while (sent < 10000 && session_->SendLogChunk({})) ++sent;
  // The one that is written, and those that wait.
  EXPECT_LE(sent, ControllerSession::kLogRoom + 1);
}

}  // namespace
}  // namespace fleet::agent
