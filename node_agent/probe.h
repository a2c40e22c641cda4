// One look at whether a worker answers on its port.
#ifndef FLEET_NODE_AGENT_PROBE_H_
#define FLEET_NODE_AGENT_PROBE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

struct ProbeResult {
  bool success = false;
  std::string text;  // "GET /health on 127.0.0.11:3000: 503"
};

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
  int port = 0;
  absl::Duration timeout = absl::Seconds(1);
  std::optional<HttpProbe> http;  // Nothing: connecting is enough.
  // nullptr: the port is not one of ours, whoever answers is the worker.
  std::unique_ptr<ProbeRoute> route;
  // Wait until WhoAccepted says kWanted. The kernel completes a connection to
  // a socket of ours without any worker, so a TCP probe must.
  bool wait_for_acceptor = false;
};

// Runs once, then calls back from the loop (which may destroy it). HTTP/1.1
// GET; the status line decides, of which at most 8 KiB are read. Loop thread
// only.
class Probe {
 public:
  using Done = std::function<void(const ProbeResult&)>;

  Probe(EventLoop& loop, ProbeTarget target, Done done);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

 private:
  void Connect();
  void OnEvents(uint32_t events);
  void OnConnected();
  void AwaitAcceptor();
  void SendRequest();
  void ReadAnswer();
  void Disconnect();
  void Finish(bool success, const std::string& answer);
  std::string Describe(const std::string& answer) const;

  EventLoop& loop_;
  ProbeTarget target_;
  Done done_;
  UniqueFd fd_;
  uint16_t pinned_port_ = 0;
  bool connected_ = false;
  bool sent_ = false;
  int attempts_ = 0;
  absl::Duration accept_wait_;
  std::string answer_;
  EventLoop::TimerId deadline_ = 0;
  EventLoop::TimerId accept_timer_ = 0;
  bool finished_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The code of an HTTP/1.x status line; 0: it is none. Pure.
int ParseHttpStatus(std::string_view line);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROBE_H_
