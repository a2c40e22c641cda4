#include "controller/access/host_certificates.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/identity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

absl::Status NotIn(const std::string& host) {
  return ErrorWithReason(
      absl::StatusCode::kUnauthenticated,
      absl::StrCat("the certificate",
                   host.empty() ? "" : absl::StrCat(" of host ", host),
                   " is revoked, expired, or not of this controller; let the "
                   "host join again: fleetctl token create --join ",
                   host.empty() ? "HOST" : host),
      {"HOST_REVOKED", {{"host", host}}});
}

}  // namespace

void HostCertificates::Load(std::vector<CertificateRecord> certificates,
                            std::vector<EnrolledHost> hosts) {
  AccessChange all;
  all.certificates = std::move(certificates);
  all.hosts = std::move(hosts);
  TakeOver(all);
}

void HostCertificates::TakeOver(const AccessChange& change) {
  for (const CertificateRecord& record : change.certificates) {
    certificates_[record.fingerprint] = record;
  }
  for (const std::string& fingerprint : change.gone_certificates) {
    certificates_.erase(fingerprint);
  }
  for (const EnrolledHost& host : change.hosts) {
    hosts_[host.host] = host;
    given_labels_.insert(host.labels.begin(), host.labels.end());
  }
}

void HostCertificates::Prune(const std::string& host,
                             AccessChange& change) const {
  const absl::Time now = clock_.WallNow();
  std::map<absl::Time, std::string> of_host;
  for (const auto& [fingerprint, record] : certificates_) {
    if (now >= record.expire_time + kRenewable) {
      change.gone_certificates.push_back(fingerprint);
    } else if (record.host == host && !record.revoked) {
      of_host.emplace(record.expire_time, fingerprint);
    }
  }
  while (of_host.size() >= static_cast<size_t>(kMostPerHost)) {
    change.gone_certificates.push_back(of_host.begin()->second);
    of_host.erase(of_host.begin());
  }
}

absl::StatusOr<HostCertificates::Issued> HostCertificates::Issue(
    const std::string& host, std::string_view request_pem,
    AccessChange& change) {
  if (authority_ == nullptr) {
    return absl::FailedPreconditionError(
        "this controller has no certificate authority: it listens without TLS "
        "(--insecure or Unix sockets only)");
  }
  CertificateGrant grant;
  grant.name = host;
  grant.uri = HostUri(host);
  grant.lifetime = lifetime_;
  Issued issued;
  issued.host = host;
  ASSIGN_OR_RETURN(issued.pem,
                   authority_->Issue(request_pem, grant, clock_.WallNow()));
  ASSIGN_OR_RETURN(CertificateFacts facts, ReadCertificate(issued.pem));
  issued.expire_time = facts.not_after;
  Prune(host, change);
  change.certificates.push_back(
      {facts.fingerprint, host, facts.not_after, /*revoked=*/false});
  return issued;
}

absl::StatusOr<HostCertificates::Issued> HostCertificates::Enroll(
    const TokenRecord& token, std::string_view request_pem) {
  AccessChange change;
  ASSIGN_OR_RETURN(Issued issued, Issue(token.host, request_pem, change));
  change.hosts.push_back({token.host, token.labels, clock_.WallNow()});
  RETURN_IF_ERROR(tokens_.UseUp(token.id, change));
  TakeOver(change);
  return issued;
}

absl::StatusOr<HostCertificates::Issued> HostCertificates::Renew(
    std::string_view certificate_pem, std::string_view request_pem) {
  ASSIGN_OR_RETURN(CertificateHandle old, ParseCertificate(certificate_pem));
  ASSIGN_OR_RETURN(RequestHandle request, ParseCertificateRequest(request_pem));
  if (!SameKey(*old, *request)) {
    return absl::InvalidArgumentError(
        "the request is of another key than the certificate it renews");
  }
  auto known = certificates_.find(FactsOf(*old).fingerprint);
  if (known == certificates_.end() || known->second.revoked ||
      clock_.WallNow() >= known->second.expire_time + kRenewable) {
    return NotIn(known == certificates_.end() ? "" : known->second.host);
  }
  AccessChange change;
  ASSIGN_OR_RETURN(Issued issued,
                   Issue(known->second.host, request_pem, change));
  RETURN_IF_ERROR(store_.Save(change));
  TakeOver(change);
  return issued;
}

absl::Status HostCertificates::Check(const std::string& host,
                                     const std::string& fingerprint) const {
  auto it = certificates_.find(fingerprint);
  if (it != certificates_.end() && it->second.host == host &&
      !it->second.revoked && clock_.WallNow() < it->second.expire_time) {
    return absl::OkStatus();
  }
  return NotIn(host);
}

absl::StatusOr<int> HostCertificates::Revoke(const std::string& host) {
  ASSIGN_OR_RETURN(const int joins, tokens_.RevokeJoins(host));
  if (joins == 0 && !hosts_.contains(host)) {
    return ErrorWithReason(
        absl::StatusCode::kNotFound,
        absl::StrCat("host ", host,
                     " has neither a certificate nor a token to join with, so "
                     "that there is nothing to revoke: fleetctl hosts lists "
                     "the hosts, and one without TLS is kept out by stopping "
                     "its agent"),
        {"HOST_NOT_FOUND", {{"host", host}}});
  }
  AccessChange change;
  for (const auto& [fingerprint, record] : certificates_) {
    if (record.host != host || record.revoked) continue;
    change.certificates.push_back(record);
    change.certificates.back().revoked = true;
  }
  RETURN_IF_ERROR(store_.Save(change));
  TakeOver(change);
  return static_cast<int>(change.certificates.size());
}

const std::map<std::string, std::string>* HostCertificates::LabelsOf(
    const std::string& host) const {
  auto it = hosts_.find(host);
  return it == hosts_.end() ? nullptr : &it->second.labels;
}

}  // namespace fleet::controller
