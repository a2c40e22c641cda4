// The controller's own certificate.
#ifndef FLEET_CONTROLLER_ACCESS_SERVER_CERTIFICATE_H_
#define FLEET_CONTROLLER_ACCESS_SERVER_CERTIFICATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/access/certificate_authority.h"
#include "proto/rpc/tls_files.h"

namespace fleet::controller {

// In a folder: server.key, made once, and server.pem, the certificate with
// the authority's behind it. Only the certificate is ever replaced, so that a
// reader never sees two halves that do not fit. gRPC looks at the files every
// second. Loop thread only.
class ServerCertificate {
 public:
  static constexpr absl::Duration kLifetime = absl::Hours(30 * 24);

  // The authority outlives it.
  ServerCertificate(std::string folder, const CertificateAuthority& authority,
                    absl::Duration lifetime = kLifetime);

  // Makes what is missing, and a new certificate from half of the old one's
  // lifetime on. To be called again several times within that half.
  absl::Status Renew(absl::Time now);

  const TlsFiles& files() const { return files_; }

 private:
  bool IsFresh(const std::string& key, absl::Time now) const;

  const CertificateAuthority& authority_;
  const absl::Duration lifetime_;
  TlsFiles files_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_SERVER_CERTIFICATE_H_
