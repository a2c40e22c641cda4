// Many agents in one process, for tests/bench/run scale: the real policy and
// the real session over gRPC, with workers that only exist in memory.
//   scale_agents CONTROLLER COUNT     e.g. unix:/tmp/fleet.sock 1000
// Says "ready" once all have been welcomed, and runs until it is killed.
#include <grpcpp/create_channel.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "node_agent/agent_state.h"
#include "node_agent/controller_session.h"
#include "node_agent/desired_journal.h"
#include "node_agent/grpc_session_stream.h"
#include "proto/rpc/address.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/status.h"
#include "tests/fakes/fake_worker_runtime.h"
#include "tests/sim/journal_disk.h"

namespace fleet::agent {
namespace {

constexpr int kCores = 2;

class LightAgent : public ControllerSession::Host {
 public:
  LightAgent(EventLoop& loop, const Address& controller, int number)
      : name_(absl::StrCat("host-", number)), runtime_(loop) {
    runtime_.SetObliging(true);
    journal_ = DesiredJournal::Open(
                   std::make_unique<sim::MemoryJournalFile>(disk_, life_))
                   .value();
    state_ = std::make_unique<AgentState>(loop, runtime_, *journal_, kCores);
    ControllerSession::Options options;
    options.connect = [&loop, controller](SessionStream::Listener& listener)
        -> absl::StatusOr<std::shared_ptr<SessionStream>> {
      ASSIGN_OR_RETURN(auto credentials, ChannelCredentialsFor(controller, {}));
      grpc::ChannelArguments arguments = ClientChannelArguments();
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      return std::make_shared<GrpcSessionStream>(
          loop, listener,
          grpc::CreateCustomChannel(controller.ToDialTarget(), credentials,
                                    arguments));
    };
    options.controller = "controller";
    session_ =
        std::make_unique<ControllerSession>(loop, *this, std::move(options));
    state_->SetOnChange([this] { session_->OnChange(); });
    state_->Start(1);
    session_->Start();
  }

  bool welcomed() const { return session_->welcomed(); }

  v1::Hello MakeHello() override {
    v1::Hello hello;
    hello.mutable_host()->set_name(name_);
    hello.mutable_host()->set_host_uid(name_);
    hello.mutable_host()->set_cores(kCores);
    hello.set_epoch(state_->epoch());
    for (v1::AppStatus& app : state_->TakeAll()) {
      *hello.add_apps() = std::move(app);
    }
    return hello;
  }
  bool FillReport(bool full, v1::StateReport& report) override {
    AgentState::Changes changes;
    if (full) {
      changes.apps = state_->TakeAll();
    } else {
      changes = state_->TakeChanges();
    }
    for (v1::AppStatus& app : changes.apps) *report.add_apps() = std::move(app);
    return full || !changes.empty();
  }
  v1::Metrics MakeMetrics() override { return {}; }
  int64_t epoch() const override { return state_->epoch(); }
  v1::DesiredStateAck Accept(const v1::DesiredState& wanted) override {
    return state_->Accept(wanted);
  }
  void RunCommand(const v1::Command&) override {}
  void OnWritable() override {}
  void OnSessionEnd() override {}

 private:
  const std::string name_;
  FakeWorkerRuntime runtime_;
  sim::JournalDisk disk_;
  sim::Lifeline life_;
  std::unique_ptr<DesiredJournal> journal_;
  std::unique_ptr<AgentState> state_;
  std::unique_ptr<ControllerSession> session_;
};

int Main(int argc, char** argv) {
  int count = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &count)) {
    std::cerr << "usage: scale_agents CONTROLLER COUNT\n";
    return 2;
  }
  spdlog::set_level(spdlog::level::off);
  absl::StatusOr<Address> address = ParseAddress(argv[1]);
  FLEET_CHECK(address.ok());
  SystemClock clock;
  EventLoop loop(clock);
  std::vector<std::unique_ptr<LightAgent>> agents;
  size_t welcomed = 0;
  while (welcomed < static_cast<size_t>(count)) {
    // A few at a time, as a fleet comes up.
    for (int i = 0; i < 5 && static_cast<int>(agents.size()) < count; ++i) {
      agents.push_back(std::make_unique<LightAgent>(
          loop, *address, static_cast<int>(agents.size()) + 1));
    }
    loop.RunOnce(absl::Milliseconds(20));
    while (welcomed < agents.size() && agents[welcomed]->welcomed()) {
      ++welcomed;
    }
  }
  std::cout << "ready" << std::endl;
  loop.Run();
  return 0;
}

}  // namespace
}  // namespace fleet::agent

int main(int argc, char** argv) { return fleet::agent::Main(argc, argv); }
