// What metric gates ask outside of the fleet.
#ifndef FLEET_TESTS_SIM_GATE_SERVERS_H_
#define FLEET_TESTS_SIM_GATE_SERVERS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "controller/gate_prober.h"
#include "controller/http_client.h"
#include "proto/rpc/event_loop.h"
#include "tests/sim/lifeline.h"
#include "tests/sim/random.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"

namespace fleet::sim {

// By the last part of the gate's URL: good, bad, no-data, unreachable, slow
// (its answer comes too late), flapping, turns-bad (20 s after it was first
// asked), recovers (good once it has been asked three times in vain). They
// outlive every controller.
class GateServers {
 public:
  // Told when an answer reaches the controller's loop.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void OnGateAnswer(const MetricGate& gate, absl::Time asked_at,
                              controller::GateVerdict verdict) = 0;
  };

  GateServers(Timeline& timeline, Trace& trace, Observer& observer,
              Random random)
      : timeline_(timeline),
        trace_(trace),
        observer_(observer),
        random_(random) {}

  // Every answer takes as long.
  void SetSteady() { steady_ = true; }

  Timeline& timeline() { return timeline_; }
  // What it says to who asks now, and after how long.
  controller::HttpAnswer Answer(const MetricGate& gate);
  absl::Duration DrawDelay(const MetricGate& gate);
  void OnAnswer(const MetricGate& gate, absl::Time asked_at,
                const controller::GateAnswer& answer);

 private:
  struct Server {
    absl::Time first_asked;
    int asked = 0;
  };

  bool GoodNow(const std::string& kind, const Server& server) const;

  Timeline& timeline_;
  Trace& trace_;
  Observer& observer_;
  Random random_;
  bool steady_ = false;
  std::map<std::string, Server> servers_;  // By URL.
};

// One life of the controller asks them. What is under way dies with it.
class SimGateProber : public controller::GateProber {
 public:
  // All outlive it.
  SimGateProber(GateServers& servers, EventLoop& loop, Lifeline& life)
      : servers_(servers), loop_(loop), life_(life) {}

  absl::Status Prepare() override { return absl::OkStatus(); }
  void Ask(const MetricGate& gate, Done done) override;

 private:
  GateServers& servers_;
  EventLoop& loop_;
  Lifeline& life_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

// One for a random policy, on a server of its own.
MetricGate DrawOutsideGate(Random& random);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_GATE_SERVERS_H_
