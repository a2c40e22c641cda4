// What proves to the controller which host this is.
#ifndef FLEET_NODE_AGENT_HOST_IDENTITY_H_
#define FLEET_NODE_AGENT_HOST_IDENTITY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc/address.h"
#include "proto/rpc/tls_files.h"

namespace fleet::agent {

// A folder (mode 0700) with host.key, which is made here and never leaves;
// host.pem, the certificate; and ca.pem, the authority that is trusted.
//
// Join and Renew talk to the controller and block, 10 s at most: they are
// called before the loop runs, or on a thread of their own. Not thread-safe:
// one call at a time.
class HostIdentity {
 public:
  // Makes the folder when it is not there.
  static absl::StatusOr<HostIdentity> Open(const std::string& folder);

  // There is a certificate, expired or not.
  bool joined() const { return !host_.empty(); }
  // Whom the certificate names.
  const std::string& host() const { return host_; }
  // From when on it should be renewed (calendar time).
  absl::Time renew_at() const { return renew_at_; }
  // How long to wait after a renewal that failed: a hundredth of its life, from
  // a second to a minute.
  absl::Duration retry_after() const { return retry_after_; }
  const TlsFiles& files() const { return files_; }

  // Uses the join token up. PERMISSION_DENIED: another controller answers at
  // the address. UNAUTHENTICATED: the token is not valid. UNAVAILABLE: nobody
  // answers.
  absl::Status Join(const Address& controller, const std::string& token);
  // Replaces host.pem. UNAUTHENTICATED: the host is revoked.
  absl::Status Renew(const Address& controller);

 private:
  explicit HostIdentity(const std::string& folder);

  absl::Status ReadCertificateFile();
  absl::StatusOr<std::string> MakeRequest() const;

  TlsFiles files_;
  std::string host_;
  absl::Time renew_at_ = absl::InfiniteFuture();
  absl::Duration retry_after_ = absl::Minutes(1);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOST_IDENTITY_H_
