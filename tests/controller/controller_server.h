// The whole controller over gRPC, in one process and without ports, and an
// agent for it.
#ifndef FLEET_TESTS_CONTROLLER_CONTROLLER_SERVER_H_
#define FLEET_TESTS_CONTROLLER_CONTROLLER_SERVER_H_

#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "controller/controller.h"
#include "fleet/v1/agent_service.grpc.pb.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/status.h"

namespace fleet::controller {

// The controller on a loop of its own, as in main.
class Server {
 public:
  explicit Server(const std::string& state_dir) : Server(state_dir, nullptr) {}
  // By a clock of the test's, which is set on the loop (Do).
  Server(const std::string& state_dir, Clock* clock) {
    std::promise<void> started;
    thread_ = std::thread([&] {
      loop_ = std::make_unique<EventLoop>(clock == nullptr ? clock_ : *clock);
      auto controller = Controller::Start(*loop_, {state_dir, 1});
      FLEET_CHECK(controller.ok());
      controller_ = *std::move(controller);
      grpc::ServerBuilder builder;
      for (grpc::Service* service : controller_->services()) {
        builder.RegisterService(service);
      }
      server_ = builder.BuildAndStart();
      started.set_value();
      loop_->Run();
      controller_.reset();
    });
    started.get_future().wait();
    channel_ = server_->InProcessChannel({});
  }

  ~Server() {
    loop_->Post([this] { controller_->GoAway(); });
    server_->Shutdown(std::chrono::system_clock::now());
    loop_->Post([this] { loop_->Stop(); });
    thread_.join();
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  void Post(std::function<void()> task) { loop_->Post(std::move(task)); }
  // Runs on the loop, and returns when it has.
  void Do(const std::function<void()>& task) {
    std::promise<void> done;
    loop_->Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::thread thread_;
};

// An agent that takes every target and reports it done at once, or, as `busy`,
// is at work with it for ever.
class ObedientAgent {
 public:
  ObedientAgent(const std::shared_ptr<grpc::Channel>& channel,
                const std::string& host, const std::string& uid,
                bool busy = false)
      : busy_(busy),
        stub_(v1::AgentService::NewStub(channel)),
        stream_(stub_->Session(&context_)) {
    v1::SessionRequest request;
    request.mutable_hello()->mutable_host()->set_name(host);
    request.mutable_hello()->mutable_host()->set_host_uid(uid);
    stream_->Write(request);
    v1::SessionResponse response;
    welcomed_ = stream_->Read(&response) && response.has_welcome();
    thread_ = std::thread([this] { Serve(); });
  }

  ~ObedientAgent() {
    context_.TryCancel();
    thread_.join();
  }

  bool welcomed() const { return welcomed_; }

  // Ends when the session does.
  grpc::Status AwaitEnd() { return ended_.get_future().get(); }

 private:
  void Serve() {
    v1::SessionResponse response;
    while (stream_->Read(&response)) {
      if (response.has_desired_state()) Obey(response.desired_state());
      if (response.has_command()) Answer(response.command());
    }
    ended_.set_value(stream_->Finish());
  }

  void Obey(const v1::DesiredState& desired) {
    v1::SessionRequest request;
    request.mutable_desired_state_ack()->set_nonce(desired.nonce());
    stream_->Write(request);
    if (busy_) return;
    request.mutable_state_report()->set_seq(++seq_);
    for (const v1::AppTarget& target : desired.targets()) {
      Report(target, *request.mutable_state_report());
    }
    stream_->Write(request);
  }

  static void Report(const v1::AppTarget& target, v1::StateReport& report) {
    if (target.removed()) {
      report.add_removed_app_uids(target.app_uid());
      return;
    }
    v1::AppStatus& status = *report.add_apps();
    status.set_app(target.app());
    status.set_app_uid(target.app_uid());
    status.set_serial(target.serial());
    status.set_generation(target.generation());
    status.set_revision(target.revision());
    status.set_desired_instances(target.instances());
    status.mutable_step()->set_generation(target.generation());
    status.mutable_step()->set_phase(v1::STEP_PHASE_DONE);
  }

  void Answer(const v1::Command& command) {
    if (command.has_cancel()) return;
    v1::SessionRequest request;
    if (!command.has_tail()) {
      request.mutable_command_result()->set_id(command.id());
      stream_->Write(request);
      return;
    }
    v1::LogChunk& chunk = *request.mutable_log_chunk();
    chunk.set_command_id(command.id());
    for (const std::string& app : command.tail().apps()) {
      chunk.add_lines()->set_text("hello from a worker");
      chunk.mutable_lines()->rbegin()->set_app(app);
    }
    chunk.set_caught_up(true);
    stream_->Write(request);
  }

  const bool busy_;
  grpc::ClientContext context_;
  std::unique_ptr<v1::AgentService::Stub> stub_;
  std::unique_ptr<
      grpc::ClientReaderWriter<v1::SessionRequest, v1::SessionResponse>>
      stream_;
  bool welcomed_ = false;
  int64_t seq_ = 0;
  std::promise<grpc::Status> ended_;
  std::thread thread_;
};

}  // namespace fleet::controller

#endif  // FLEET_TESTS_CONTROLLER_CONTROLLER_SERVER_H_
