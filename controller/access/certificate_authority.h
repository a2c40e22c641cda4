// The fleet's own certificate authority.
#ifndef FLEET_CONTROLLER_ACCESS_CERTIFICATE_AUTHORITY_H_
#define FLEET_CONTROLLER_ACCESS_CERTIFICATE_AUTHORITY_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc/x509.h"

namespace fleet::controller {

// What a certificate is issued for.
struct CertificateGrant {
  // Also the subject's common name, e.g. "host-1".
  std::string name;
  // Identity of a client, "spiffe://fleet/host/host-1"; empty: none.
  std::string uri;
  // A server's name; empty: it is a client's certificate. A certificate is
  // never good for both.
  std::string dns_name;
  absl::Duration lifetime;
};

// Signs what it is told to; who may have what is decided elsewhere. Immutable
// and thread-safe; a signature takes about a millisecond.
class CertificateAuthority {
 public:
  // Reads `ca.pem` and `ca.key` of the folder, or makes them (ten years, key
  // with mode 0600) when neither is there. INVALID_ARGUMENT when they cannot
  // be read, are no authority's, or do not belong together.
  static absl::StatusOr<CertificateAuthority> Open(const std::string& folder,
                                                   absl::Time now);
  // One that the user brings.
  static absl::StatusOr<CertificateAuthority> Load(
      const std::string& certificate_path, const std::string& key_path);

  // The certificate in PEM, without the authority's. It begins a minute ago (a
  // tenth of its lifetime, if that is less), for clocks that are behind, and
  // ends no later than the authority.
  absl::StatusOr<std::string> Issue(std::string_view request_pem,
                                    const CertificateGrant& grant,
                                    absl::Time now) const;

  const std::string& pem() const { return pem_; }
  // SHA-256 of the certificate, by which it is recognised before it is
  // trusted.
  const std::string& pin() const { return facts_.fingerprint; }
  absl::Time not_after() const { return facts_.not_after; }

 private:
  CertificateAuthority() = default;

  std::string pem_;
  CertificateFacts facts_;
  CertificateHandle certificate_;
  KeyHandle key_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_CERTIFICATE_AUTHORITY_H_
