// Keeps the host's certificate fresh while the agent runs.
#ifndef FLEET_NODE_AGENT_CERTIFICATE_RENEWAL_H_
#define FLEET_NODE_AGENT_CERTIFICATE_RENEWAL_H_

#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "node_agent/host_identity.h"
#include "proto/rpc/address.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// From half of its lifetime on, asks for a new one on a thread of its own,
// again until it has it (HostIdentity::retry_after). Open streams go on; gRPC
// takes the new certificate up for new connections within a second. Loop thread
// only.
class CertificateRenewal {
 public:
  // Both outlive it. `identity` is this object's alone from now on.
  CertificateRenewal(EventLoop& loop, HostIdentity& identity,
                     Address controller);
  // Waits for a request that is under way, 10 s at most.
  ~CertificateRenewal();
  CertificateRenewal(const CertificateRenewal&) = delete;
  CertificateRenewal& operator=(const CertificateRenewal&) = delete;

 private:
  void LookAt(absl::Duration delay);
  void Look();
  void OnAnswer(const absl::Status& status);

  EventLoop& loop_;
  HostIdentity& identity_;
  const Address controller_;
  EventLoop::TimerId timer_ = 0;
  std::thread request_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_CERTIFICATE_RENEWAL_H_
