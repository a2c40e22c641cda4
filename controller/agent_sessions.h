// All agents' sessions.
#ifndef FLEET_CONTROLLER_AGENT_SESSIONS_H_
#define FLEET_CONTROLLER_AGENT_SESSIONS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "controller/admission_rate.h"
#include "controller/agent_session.h"
#include "controller/agent_stream.h"
#include "proto/rpc/event_loop.h"

namespace fleet::controller {

// Owns the sessions, finds them by host, wakes them once a second, and tells
// them of changed targets, once a turn of the loop. Loop thread only.
//
// At most 20,000 streams; Hellos 200 a second on average, 400 at once (a TLS
// handshake costs 1.5 ms of a core, and each host is sent all its targets).
class AgentSessions : public SessionPeers {
 public:
  // All must outlive it.
  AgentSessions(EventLoop& loop, SessionEnvironment environment,
                uint64_t random_seed);
  ~AgentSessions() override;

  // Labels that a host's enrolment fixed. Before the first session.
  void SetFixedLabels(FixedLabels labels, IsFixedLabel is_fixed) {
    environment_.fixed_labels = std::move(labels);
    environment_.is_fixed_label = std::move(is_fixed);
  }

  // What apps' secrets hold. Before the first session.
  void SetSecrets(SecretSource secrets) {
    environment_.secrets = std::move(secrets);
  }

  // A stream was opened; `stream` outlives the session, which lives until
  // Forget. nullptr: there are too many; the stream is closed.
  AgentSession* Open(AgentStream& stream);
  // The stream is gone.
  void Forget(AgentSession* session);

  void AddTarget(const std::string& host, const std::string& app_uid);
  // False: the host is not connected.
  bool SendCommand(const std::string& host, v1::Command command);
  // Ends the host's session now; no effect when it has none.
  void Cut(const std::string& host, const std::string& reason);
  // Ends all sessions and lets no more in.
  void GoAway(const std::string& reason);

  // SessionPeers.
  absl::Status AdmitHello() override;
  void OnLive(AgentSession& session) override;
  bool OnEnded(AgentSession& session) override;

 private:
  void Tick();
  void FlushChanged();

  EventLoop& loop_;
  SessionEnvironment environment_;
  std::mt19937_64 random_;
  AdmissionRate rate_{200, 400};
  bool going_away_ = false;
  // By id, so that the same seed gives the same order.
  std::map<std::string, std::unique_ptr<AgentSession>> sessions_;
  std::map<std::string, AgentSession*> by_host_;  // Live ones.
  std::set<std::string> changed_hosts_;
  EventLoop::TimerId timer_ = 0;
  // Tasks on the loop look whether this is still there.
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_AGENT_SESSIONS_H_
