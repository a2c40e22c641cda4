#include "proto/rpc/x509.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr size_t kMaxRequestBytes = 16 << 10;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Bio Reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Contents(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTimeT(timegm(&parts));
}

std::string TextOf(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

void ReadNames(X509& certificate, CertificateFacts& facts) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_URI) {
      facts.uris.push_back(TextOf(name->d.uniformResourceIdentifier));
    } else if (name->type == GEN_DNS) {
      facts.dns_names.push_back(TextOf(name->d.dNSName));
    }
  }
  GENERAL_NAMES_free(names);
}

std::string CommonName(X509& certificate) {
  X509_NAME* subject = X509_get_subject_name(&certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return "";
  return TextOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void FreeCertificate::operator()(x509_st* certificate) const {
  X509_free(certificate);
}
void FreeRequest::operator()(X509_req_st* request) const {
  X509_REQ_free(request);
}

absl::Status CryptoError(std::string_view what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return absl::InternalError(absl::StrCat(ToAbsl(what), ": ", text.data()));
}

absl::StatusOr<std::string> MakePrivateKey() {
  KeyHandle key(EVP_EC_gen("P-256"));
  if (key == nullptr) return CryptoError("make a key");
  Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr) != 1) {
    return CryptoError("write a key");
  }
  return Contents(*bio);
}

absl::StatusOr<KeyHandle> ParsePrivateKey(std::string_view pem) {
  Bio bio = Reader(pem);
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("it is not a private key in PEM form");
  }
  return key;
}

absl::StatusOr<std::string> MakeCertificateRequest(std::string_view key_pem) {
  ASSIGN_OR_RETURN(KeyHandle key, ParsePrivateKey(key_pem));
  RequestHandle request(X509_REQ_new());
  if (X509_REQ_set_version(request.get(), 0) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0) {
    return CryptoError("make a certificate request");
  }
  Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
    return CryptoError("write a certificate request");
  }
  return Contents(*bio);
}

absl::StatusOr<RequestHandle> ParseCertificateRequest(std::string_view pem) {
  if (pem.size() > kMaxRequestBytes) {
    return absl::InvalidArgumentError(
        "the certificate request has more than 16 KiB");
  }
  Bio bio = Reader(pem);
  RequestHandle request(
      PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (request == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "it is not a certificate request in PEM form");
  }
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || X509_REQ_verify(request.get(), key) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "the certificate request is not signed by its own key");
  }
  return request;
}

absl::StatusOr<CertificateHandle> ParseCertificate(std::string_view pem) {
  Bio bio = Reader(pem);
  CertificateHandle certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("it is not a certificate in PEM form");
  }
  return certificate;
}

CertificateFacts FactsOf(x509_st& certificate) {
  CertificateFacts facts;
  facts.common_name = CommonName(certificate);
  ReadNames(certificate, facts);
  facts.not_before = TimeOf(X509_get0_notBefore(&certificate));
  facts.not_after = TimeOf(X509_get0_notAfter(&certificate));
  facts.authority = X509_check_ca(&certificate) > 0;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(&certificate, EVP_sha256(), digest.data(), &size);
  facts.fingerprint = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
  return facts;
}

absl::StatusOr<CertificateFacts> ReadCertificate(std::string_view pem) {
  ASSIGN_OR_RETURN(CertificateHandle certificate, ParseCertificate(pem));
  return FactsOf(*certificate);
}

std::string ToPem(x509_st& certificate) {
  Bio bio(BIO_new(BIO_s_mem()));
  FLEET_CHECK(PEM_write_bio_X509(bio.get(), &certificate) == 1);
  return Contents(*bio);
}

bool SameKey(x509_st& certificate, X509_req_st& request) {
  return EVP_PKEY_eq(X509_get0_pubkey(&certificate),
                     X509_REQ_get0_pubkey(&request)) == 1;
}

absl::Status CheckKeyMatches(std::string_view certificate_pem,
                             std::string_view key_pem) {
  ASSIGN_OR_RETURN(CertificateHandle certificate,
                   ParseCertificate(certificate_pem));
  ASSIGN_OR_RETURN(KeyHandle key, ParsePrivateKey(key_pem));
  if (X509_check_private_key(certificate.get(), key.get()) == 1) {
    return absl::OkStatus();
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(
      "the certificate does not belong to the private key");
}

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  FLEET_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size,
                         EVP_sha256(), nullptr) == 1);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

std::string RandomHex(int count) {
  std::string bytes(static_cast<size_t>(count), '\0');
  FLEET_CHECK(
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), count) == 1);
  return absl::BytesToHexString(bytes);
}

}  // namespace fleet
