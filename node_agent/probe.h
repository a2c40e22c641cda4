// One look at whether a worker answers on its port.
#ifndef FLEET_NODE_AGENT_PROBE_H_
#define FLEET_NODE_AGENT_PROBE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "node_agent/probe_request.h"
#include "node_agent/probe_talk.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// The way to one worker among those that share a port.
//
// When the port is one of the app's own sockets, a plain connection could be
// answered by any worker. So, first, the connection's source port is pinned to
// the worker's slot before it connects: the slot's socket gets it even while
// the slot is not live. Second, when more than one worker accepts from that
// socket (two during a surge, all of them if the app shares one socket), the
// probe waits until somebody has accepted and looks who it was; somebody else
// counts as no answer, nothing is sent, and another connection is made at once
// (at most 50 in one probe).
class ProbeRoute {
 public:
  enum class Acceptor { kNobody, kWanted, kOther };
  virtual ~ProbeRoute() = default;
  // Called before connect, and with the same port when the probe is over.
  virtual void Pin(uint16_t source_port) = 0;
  virtual void Unpin(uint16_t source_port) = 0;
  // `connection` is connected.
  virtual Acceptor WhoAccepted(int connection) = 0;
};

struct ProbeTarget {
  std::string host;  // Numeric.
  ProbeRequest request;
  // nullptr: the port is not one of ours, whoever answers is the worker.
  std::unique_ptr<ProbeRoute> route;
  // Wait until WhoAccepted says kWanted. The kernel completes a connection to
  // a socket of ours without any worker, so a TCP probe must.
  bool wait_for_acceptor = false;
};

// Over the network: connects, and says what is to be said (probe_talk.h). Runs
// once, then calls back from the loop (which may destroy it). Loop thread only.
class Probe : public ProbeRun {
 public:
  Probe(EventLoop& loop, ProbeTarget target, ProbeDone done);
  ~Probe() override;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

 private:
  void Connect();
  void OnEvents(uint32_t events);
  void OnConnected();
  void AwaitAcceptor();
  void SaySomething();
  void Send(const std::string& bytes);
  void ReadAnswer();
  std::string Authority() const;
  void Disconnect();
  void Finish(bool success, const std::string& answer);
  std::string Describe(const std::string& answer) const;

  EventLoop& loop_;
  ProbeTarget target_;
  std::unique_ptr<ProbeTalk> talk_;  // nullptr: connecting is enough.
  ProbeDone done_;
  UniqueFd fd_;
  uint16_t pinned_port_ = 0;
  bool connected_ = false;
  bool sent_ = false;
  int attempts_ = 0;
  absl::Duration accept_wait_;
  EventLoop::TimerId deadline_ = 0;
  EventLoop::TimerId accept_timer_ = 0;
  bool finished_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROBE_H_
