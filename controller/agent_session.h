// One agent's session, from its Hello to its end.
#ifndef FLEET_CONTROLLER_AGENT_SESSION_H_
#define FLEET_CONTROLLER_AGENT_SESSION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "controller/agent_stream.h"
#include "controller/app_orders.h"
#include "controller/app_registry.h"
#include "controller/desired_sender.h"
#include "controller/fleet_state.h"
#include "controller/host_registry.h"
#include "controller/session_listener.h"
#include "fleet/v1/agent_service.pb.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {

// Labels that a host's enrolment fixed; nullptr: it has not enrolled.
using FixedLabels = std::function<const std::map<std::string, std::string>*(
    const std::string& host)>;

// Whether an enrolment has fixed this label of some host.
using IsFixedLabel =
    std::function<bool(const std::string& key, const std::string& value)>;

// What sessions work with; all outlive them.
struct SessionEnvironment {
  const AppRegistry& registry;
  HostRegistry& hosts;
  FleetState& state;
  AppOrders& orders;
  SessionListener& listener;
  const Clock& clock;
  // Of this run of the controller.
  int64_t epoch = 0;
  absl::Duration heartbeat_period = absl::Seconds(5);
  absl::Duration metrics_period = absl::Seconds(2);
  FixedLabels fixed_labels = nullptr;
  IsFixedLabel is_fixed_label = nullptr;
  SecretSource secrets = nullptr;
};

class AgentSession;

// The other sessions, as one of them sees them: AgentSessions.
class SessionPeers {
 public:
  virtual ~SessionPeers() = default;
  // Before a Hello is looked at. UNAVAILABLE: too many at once.
  virtual absl::Status AdmitHello() = 0;
  // It is the host's session from now on; the one before it is ended.
  virtual void OnLive(AgentSession& session) = 0;
  // It has ended. True: it was the host's session until now.
  virtual bool OnEnded(AgentSession& session) = 0;
};

// Transport-free: AgentStream is the wire. Loop thread only.
//
// WAITING → LIVE → ENDED, or WAITING → ENDED.
class AgentSession {
 public:
  // `stream` outlives the session.
  AgentSession(AgentStream& stream, SessionEnvironment& environment,
               SessionPeers& peers, std::string id);

  void OnMessage(const v1::SessionRequest& request);
  // The stream broke, or the agent closed it.
  void OnStreamEnded() { End(); }

  // Heartbeats and silence; called about once a second.
  void Tick();
  // A target of the host has changed; Flush sends it.
  void AddTarget(const std::string& app_uid);
  void Flush();
  // False: the session is not live or the agent does not read.
  bool SendCommand(v1::Command command);
  // Ends the session with UNAVAILABLE after a GoAway.
  void GoAway(const std::string& reason);
  void Close(const absl::Status& status);
  // Ends it now with UNAUTHENTICATED, whether the agent reads or not.
  void Cut(const std::string& reason);

  const std::string& id() const { return id_; }
  bool live() const { return phase_ == Phase::kLive; }
  // Empty before Hello.
  const std::string& host() const { return host_; }

 private:
  enum class Phase { kWaiting, kLive, kEnded };

  void OnHello(const v1::Hello& hello);
  absl::Status CheckHello(const v1::Hello& hello) const;
  void FixLabels(HostRecord& record) const;
  absl::Status Admit(const v1::Hello& hello);
  void Welcome(const v1::Hello& hello);
  void OnStateReport(const v1::StateReport& report);
  void OnHeartbeat(const v1::Heartbeat& heartbeat);
  // The agent has sent report `seq`, and it or one before it has not come.
  void AskResync(int64_t seq);
  void TakeFullReport(const v1::StateReport& report);
  void TakeDelta(const v1::StateReport& report);
  void OnAck(const v1::DesiredStateAck& ack);
  void OfferAgain();
  void OnMetrics(const v1::Metrics& metrics);
  // Targets that are to be removed, and that the host no longer has.
  void ConfirmRemovals(bool after_hello);
  bool Confirmed(const HostTarget& target, bool after_hello) const;
  void Send(v1::SessionResponse message);
  void Evict(const absl::Status& status);
  void End(const std::string& why = "connection lost");

  AgentStream& stream_;
  SessionEnvironment& env_;
  SessionPeers& peers_;
  const std::string id_;
  Phase phase_ = Phase::kWaiting;
  std::string host_;
  absl::Time last_heard_;  // Steady time.
  absl::Time last_sent_;
  int64_t next_seq_ = 1;
  bool resync_asked_ = false;
  // The store would not take a confirmed removal; Tick tries again.
  bool removal_unsaved_ = false;
  std::optional<DesiredSender> desired_;
  // Apps whose target the host could not take for the time being (its disk is
  // full), and when (steady time) they are offered again.
  std::map<std::string, absl::Time> refused_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_AGENT_SESSION_H_
