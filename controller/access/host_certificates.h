// Which machines are hosts, by certificate.
#ifndef FLEET_CONTROLLER_ACCESS_HOST_CERTIFICATES_H_
#define FLEET_CONTROLLER_ACCESS_HOST_CERTIFICATES_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/access/certificate_authority.h"
#include "controller/access/certificate_record.h"
#include "controller/access/token_registry.h"
#include "controller/store/sqlite_access_store.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {

// Issues certificates to hosts and remembers each, so that one can be revoked:
// a certificate that is not on record here opens nothing, whoever signed it.
// Loop thread only. At most four good certificates a host; a further one ends
// the oldest.
class HostCertificates {
 public:
  static constexpr absl::Duration kLifetime = absl::Hours(24);
  static constexpr absl::Duration kRenewable = absl::Hours(30 * 24);
  static constexpr int kMostPerHost = 4;

  // All outlive it; `authority` may be null: then there is no TLS, and no
  // certificate is issued.
  HostCertificates(SqliteAccessStore& store, TokenRegistry& tokens,
                   const CertificateAuthority* authority, const Clock& clock,
                   absl::Duration lifetime = kLifetime)
      : store_(store),
        tokens_(tokens),
        authority_(authority),
        clock_(clock),
        lifetime_(lifetime) {}

  void Load(std::vector<CertificateRecord> certificates,
            std::vector<EnrolledHost> hosts);

  struct Issued {
    std::string pem;
    std::string host;
    absl::Time expire_time;
  };
  // Uses the token up. A host that was revoked is let in again by it.
  absl::StatusOr<Issued> Enroll(const TokenRecord& token,
                                std::string_view request_pem);
  // In place of `certificate_pem`, which may have expired up to kRenewable ago.
  // INVALID_ARGUMENT when the request is of another key; UNAUTHENTICATED as
  // Check.
  absl::StatusOr<Issued> Renew(std::string_view certificate_pem,
                               std::string_view request_pem);

  // UNAUTHENTICATED with reason HOST_REVOKED unless the certificate is on
  // record for the host, not revoked and not expired.
  absl::Status Check(const std::string& host,
                     const std::string& fingerprint) const;
  // Ends all certificates of the host, and the tokens with which it could join;
  // the number of certificates. NOT_FOUND with HOST_NOT_FOUND: it has had none
  // of either.
  absl::StatusOr<int> Revoke(const std::string& host);

  // Labels that its join token fixed; nullptr: it has not enrolled.
  const std::map<std::string, std::string>* LabelsOf(
      const std::string& host) const;

  // Some host's join token has given it this label.
  bool GivesLabel(const std::string& key, const std::string& value) const {
    return given_labels_.contains({key, value});
  }

  // nullptr: none.
  const CertificateAuthority* authority() const { return authority_; }

 private:
  absl::StatusOr<Issued> Issue(const std::string& host,
                               std::string_view request_pem,
                               AccessChange& change);
  // Adds to `change` what is over: expired ones, and the oldest of the host
  // when it has too many.
  void Prune(const std::string& host, AccessChange& change) const;
  void TakeOver(const AccessChange& change);

  SqliteAccessStore& store_;
  TokenRegistry& tokens_;
  const CertificateAuthority* authority_;
  const Clock& clock_;
  const absl::Duration lifetime_;
  std::map<std::string, CertificateRecord> certificates_;  // By fingerprint.
  std::map<std::string, EnrolledHost> hosts_;              // By name.
  // Of all hosts, since the start.
  std::set<std::pair<std::string, std::string>> given_labels_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_HOST_CERTIFICATES_H_
