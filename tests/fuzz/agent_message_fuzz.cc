// What an agent, also a stolen one, sends to the controller: messages of a
// session, each behind its length. The controller is its real core over a
// store in memory.
#include <google/protobuf/stubs/logging.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

#include "controller/agent_stream.h"
#include "controller/fleet_core.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"
#include "tests/fuzz/input.h"
#include "tests/sim/memory_store.h"

namespace fleet::controller {
namespace {

class SilentObserver : public sim::MemoryStore::Observer {
 public:
  void OnSave(const StoreChange& /*change*/) override {}
  void OnCommit(const RolloutCommit& /*commit*/) override {}
};

class Wire : public AgentStream {
 public:
  bool Send(v1::SessionResponse message) override {
    FLEET_CHECK(message.ByteSizeLong() < (4U << 20));
    return true;
  }
  void Close(const absl::Status& /*status*/) override {}
  void Evict(const absl::Status& /*status*/) override {}
  const Identity& identity() const override { return identity_; }

 private:
  Identity identity_;
};

AppSpec WebSpec() {
  AppSpec spec;
  spec.name = "web";
  spec.script = "/srv/web/run.sh";
  spec.interpreter = "none";
  spec.cwd = "/srv/web";
  return spec;
}

v1::SessionRequest GoodHello() {
  v1::SessionRequest request;
  v1::Host& host = *request.mutable_hello()->mutable_host();
  host.set_name("host-1");
  host.set_host_uid("u1");
  host.set_cores(4);
  return request;
}

// The app's only host has been there before, so that there is a rollout that
// the input's session can meddle with.
void RunSession(fuzz::Input input) {
  FakeClock clock;
  EventLoop loop(clock);
  sim::FleetDisk disk;
  sim::Lifeline life;
  SilentObserver observer;
  sim::MemoryStore store(disk, life, observer);
  FleetCore core({loop, store, store, store.RaiseEpoch().value(), 1});
  FLEET_CHECK(core.Load().ok());
  Wire good_wire;
  AgentSession* good = core.sessions.Open(good_wire);
  good->OnMessage(GoodHello());
  ApplyOrder order;
  order.specs = {WebSpec()};
  order.actor = "fuzz";
  FLEET_CHECK(core.apply.Apply(order).ok());
  Wire wire;
  AgentSession* session = core.sessions.Open(wire);
  while (!input.empty()) {
    v1::SessionRequest request;
    const std::string_view bytes = input.Piece();
    if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      break;  // gRPC would end the stream.
    }
    session->OnMessage(request);
    clock.Advance(absl::Seconds(1));
    for (int i = 0; i < 4; ++i) loop.RunOnce(absl::ZeroDuration());
  }
  core.sessions.Forget(session);
  core.sessions.Forget(good);
  for (int i = 0; i < 4; ++i) loop.RunOnce(absl::ZeroDuration());
}

}  // namespace
}  // namespace fleet::controller

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  google::protobuf::SetLogHandler(nullptr);
  fleet::controller::RunSession({data, size});
  return 0;
}
