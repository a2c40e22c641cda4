#include "controller/access/certificate_authority.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"

namespace fleet::controller {
namespace {

constexpr absl::Duration kAuthorityLifetime = absl::Hours(24 * 3652);
constexpr absl::Duration kBackdate = absl::Minutes(1);
constexpr char kAuthorityName[] = "Fleet certificate authority";

// Certificates are identified by 128 random bits, as RFC 5280 wants them.
absl::Status SetSerial(X509& certificate) {
  std::array<unsigned char, 16> bytes{};
  FLEET_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  bytes[0] &= 0x7f;  // Positive.
  BIGNUM* number =
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  ASN1_INTEGER* serial = X509_get_serialNumber(&certificate);
  const bool ok =
      number != nullptr && BN_to_ASN1_INTEGER(number, serial) != nullptr;
  BN_free(number);
  return ok ? absl::OkStatus() : CryptoError("make a serial number");
}

absl::Status SetTimes(X509& certificate, absl::Time from, absl::Time until) {
  const bool ok = ASN1_TIME_set(X509_getm_notBefore(&certificate),
                                absl::ToTimeT(from)) != nullptr &&
                  ASN1_TIME_set(X509_getm_notAfter(&certificate),
                                absl::ToTimeT(until)) != nullptr;
  return ok ? absl::OkStatus() : CryptoError("set a certificate's times");
}

absl::Status SetSubject(X509& certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(&certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(name.data());
  const int ok = X509_NAME_add_entry_by_txt(
      subject, "CN", MBSTRING_UTF8, text, static_cast<int>(name.size()), -1, 0);
  return ok == 1 ? absl::OkStatus() : CryptoError("set a subject");
}

absl::Status AddExtension(X509& certificate, X509* issuer, int kind,
                          const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return CryptoError("make an extension");
  const int ok = X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return ok == 1 ? absl::OkStatus() : CryptoError("add an extension");
}

absl::Status Sign(X509& certificate, EVP_PKEY& key) {
  return X509_sign(&certificate, &key, EVP_sha256()) == 0
             ? CryptoError("sign a certificate")
             : absl::OkStatus();
}

absl::StatusOr<std::string> MakeAuthority(const std::string& key_pem,
                                          absl::Time now) {
  ASSIGN_OR_RETURN(KeyHandle key, ParsePrivateKey(key_pem));
  CertificateHandle certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  RETURN_IF_ERROR(SetSerial(*certificate));
  RETURN_IF_ERROR(
      SetTimes(*certificate, now - kBackdate, now + kAuthorityLifetime));
  RETURN_IF_ERROR(SetSubject(*certificate, kAuthorityName));
  X509_set_issuer_name(certificate.get(),
                       X509_get_subject_name(certificate.get()));
  X509_set_pubkey(certificate.get(), key.get());
  X509* self = certificate.get();
  RETURN_IF_ERROR(AddExtension(*certificate, self, NID_basic_constraints,
                               "critical,CA:TRUE,pathlen:0"));
  RETURN_IF_ERROR(AddExtension(*certificate, self, NID_key_usage,
                               "critical,keyCertSign,cRLSign"));
  RETURN_IF_ERROR(
      AddExtension(*certificate, self, NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(Sign(*certificate, *key));
  return ToPem(*certificate);
}

absl::Status AddNames(X509& certificate, X509* issuer,
                      const CertificateGrant& grant) {
  const bool server = !grant.dns_name.empty();
  RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_basic_constraints,
                               "critical,CA:FALSE"));
  RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_key_usage,
                               "critical,digitalSignature"));
  RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_ext_key_usage,
                               server ? "serverAuth" : "clientAuth"));
  const std::string name = server ? absl::StrCat("DNS:", grant.dns_name)
                                  : absl::StrCat("URI:", grant.uri);
  return AddExtension(certificate, issuer, NID_subject_alt_name, name);
}

}  // namespace

absl::StatusOr<CertificateAuthority> CertificateAuthority::Open(
    const std::string& folder, absl::Time now) {
  const std::string certificate_path = absl::StrCat(folder, "/ca.pem");
  const std::string key_path = absl::StrCat(folder, "/ca.key");
  absl::StatusOr<std::string> present = ReadWholeFile(certificate_path);
  if (absl::IsNotFound(present.status())) {
    // The key first: what is not signed yet has not been trusted by anybody.
    ASSIGN_OR_RETURN(std::string key, MakePrivateKey());
    ASSIGN_OR_RETURN(std::string certificate, MakeAuthority(key, now));
    RETURN_IF_ERROR(ReplaceFile(key_path, key, 0600));
    RETURN_IF_ERROR(ReplaceFile(certificate_path, certificate, 0644));
  }
  return Load(certificate_path, key_path);
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Load(
    const std::string& certificate_path, const std::string& key_path) {
  CertificateAuthority authority;
  ASSIGN_OR_RETURN(std::string pem, ReadWholeFile(certificate_path));
  ASSIGN_OR_RETURN(std::string key_pem, ReadWholeFile(key_path));
  absl::StatusOr<CertificateHandle> certificate = ParseCertificate(pem);
  if (!certificate.ok()) {
    return Annotate(certificate.status(), certificate_path);
  }
  absl::StatusOr<KeyHandle> key = ParsePrivateKey(key_pem);
  if (!key.ok()) return Annotate(key.status(), key_path);
  absl::Status match = CheckKeyMatches(pem, key_pem);
  if (!match.ok()) {
    return Annotate(match, absl::StrCat(certificate_path, " and ", key_path));
  }
  authority.certificate_ = *std::move(certificate);
  authority.key_ = *std::move(key);
  authority.facts_ = FactsOf(*authority.certificate_);
  authority.pem_ = ToPem(*authority.certificate_);
  if (!authority.facts_.authority) {
    return absl::InvalidArgumentError(
        absl::StrCat(certificate_path,
                     ": it may not sign others (no CA:TRUE); name the "
                     "certificate of an authority"));
  }
  return authority;
}

absl::StatusOr<std::string> CertificateAuthority::Issue(
    std::string_view request_pem, const CertificateGrant& grant,
    absl::Time now) const {
  ASSIGN_OR_RETURN(RequestHandle request, ParseCertificateRequest(request_pem));
  CertificateHandle certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  RETURN_IF_ERROR(SetSerial(*certificate));
  const absl::Time until = std::min(now + grant.lifetime, facts_.not_after);
  if (until <= now) {
    return absl::FailedPreconditionError(
        absl::StrCat("the certificate authority ended on ",
                     absl::FormatTime(facts_.not_after, absl::UTCTimeZone()),
                     "; it must be replaced"));
  }
  const absl::Duration backdate = std::min(kBackdate, (until - now) / 10);
  RETURN_IF_ERROR(SetTimes(*certificate, now - backdate, until));
  RETURN_IF_ERROR(SetSubject(*certificate, grant.name));
  X509_set_issuer_name(certificate.get(),
                       X509_get_subject_name(certificate_.get()));
  X509_set_pubkey(certificate.get(), X509_REQ_get0_pubkey(request.get()));
  RETURN_IF_ERROR(AddNames(*certificate, certificate_.get(), grant));
  RETURN_IF_ERROR(Sign(*certificate, *key_));
  return ToPem(*certificate);
}

}  // namespace fleet::controller
