#include "controller/access/server_certificate.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "proto/rpc/x509.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {

ServerCertificate::ServerCertificate(std::string folder,
                                     const CertificateAuthority& authority,
                                     absl::Duration lifetime)
    : authority_(authority),
      lifetime_(lifetime),
      files_{absl::StrCat(folder, "/trust.pem"),
             absl::StrCat(folder, "/server.pem"),
             absl::StrCat(folder, "/server.key")} {}

bool ServerCertificate::IsFresh(const std::string& key, absl::Time now) const {
  absl::StatusOr<std::string> pem = ReadWholeFile(files_.certificate);
  if (!pem.ok() || !absl::StrContains(*pem, authority_.pem()) ||
      !CheckKeyMatches(*pem, key).ok()) {
    return false;
  }
  absl::StatusOr<CertificateFacts> facts = ReadCertificate(*pem);
  if (!facts.ok()) return false;
  return now < facts->not_before + (facts->not_after - facts->not_before) / 2;
}

absl::Status ServerCertificate::Renew(absl::Time now) {
  absl::StatusOr<std::string> key = ReadWholeFile(files_.key);
  if (absl::IsNotFound(key.status())) {
    ASSIGN_OR_RETURN(key, MakePrivateKey());
    RETURN_IF_ERROR(ReplaceFile(files_.key, *key, 0600));
  }
  RETURN_IF_ERROR(key.status());
  if (IsFresh(*key, now)) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::string request, MakeCertificateRequest(*key));
  CertificateGrant grant;
  grant.name = kControllerName;
  grant.dns_name = kControllerName;
  grant.lifetime = lifetime_;
  ASSIGN_OR_RETURN(std::string pem, authority_.Issue(request, grant, now));
  RETURN_IF_ERROR(ReplaceFile(files_.authority, authority_.pem(), 0644));
  RETURN_IF_ERROR(ReplaceFile(files_.certificate,
                              absl::StrCat(pem, authority_.pem()), 0644));
  spdlog::info("server certificate renewed, good for {}",
               absl::FormatDuration(lifetime_));
  return absl::OkStatus();
}

}  // namespace fleet::controller
