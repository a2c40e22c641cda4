// Keys, certificate requests and certificates (RFC 5280, RFC 2986), over
// OpenSSL's libcrypto.
#ifndef FLEET_PROTO_RPC_X509_H_
#define FLEET_PROTO_RPC_X509_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

struct evp_pkey_st;
struct x509_st;
struct X509_req_st;

namespace fleet {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
struct FreeCertificate {
  void operator()(x509_st* certificate) const;
};
struct FreeRequest {
  void operator()(X509_req_st* request) const;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, FreeKey>;
using CertificateHandle = std::unique_ptr<x509_st, FreeCertificate>;
using RequestHandle = std::unique_ptr<X509_req_st, FreeRequest>;

// What a certificate says. Times are calendar ones.
struct CertificateFacts {
  std::string common_name;
  // Subject alternative names of kind URI and DNS.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  absl::Time not_before;
  absl::Time not_after;
  // SHA-256 of the DER form, in lower-case hex.
  std::string fingerprint;
  bool authority = false;
};

// All functions are thread-safe. Errors are INVALID_ARGUMENT for what is given
// and INTERNAL for what libcrypto will not do; no message holds key material.

// An ECDSA key on P-256, in PKCS #8 PEM.
absl::StatusOr<std::string> MakePrivateKey();
absl::StatusOr<KeyHandle> ParsePrivateKey(std::string_view pem);

// A request signed by the key; who it is for is the authority's decision, so
// it names nobody.
absl::StatusOr<std::string> MakeCertificateRequest(std::string_view key_pem);
// With its signature checked. At most 16 KiB.
absl::StatusOr<RequestHandle> ParseCertificateRequest(std::string_view pem);

// The first certificate of the text.
absl::StatusOr<CertificateHandle> ParseCertificate(std::string_view pem);
absl::StatusOr<CertificateFacts> ReadCertificate(std::string_view pem);
CertificateFacts FactsOf(x509_st& certificate);
std::string ToPem(x509_st& certificate);
bool SameKey(x509_st& certificate, X509_req_st& request);
absl::Status CheckKeyMatches(std::string_view certificate_pem,
                             std::string_view key_pem);

// SHA-256 in lower-case hex.
std::string Sha256Hex(std::string_view bytes);
// `count` bytes of the kernel's randomness in lower-case hex.
std::string RandomHex(int count);

// What libcrypto says of its last error, and `what` before it.
absl::Status CryptoError(std::string_view what);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_X509_H_
