#include "controller/access/json_web_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using nlohmann::json;

constexpr int kLeastRsaBits = 2048;
constexpr size_t kCoordinateBytes = 32;  // P-256 and Ed25519.

struct FreeCrypto {
  void operator()(BIGNUM* n) const { BN_free(n); }
  void operator()(OSSL_PARAM_BLD* b) const { OSSL_PARAM_BLD_free(b); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(EVP_PKEY_CTX* c) const { EVP_PKEY_CTX_free(c); }
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
  void operator()(ECDSA_SIG* s) const { ECDSA_SIG_free(s); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeCrypto>;

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string MemberText(const json& map, const char* key) {
  auto it = map.find(key);
  return it != map.end() && it->is_string() ? it->get<std::string>() : "";
}

// "" when it is not there or no base64url.
std::string BytesOf(const json& map, const char* key) {
  std::string bytes;
  return absl::WebSafeBase64Unescape(MemberText(map, key), &bytes) ? bytes : "";
}

Owned<BIGNUM> Number(const std::string& bytes) {
  return Owned<BIGNUM>(
      BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

KeyHandle MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder));
  Owned<EVP_PKEY_CTX> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr ||
      EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return KeyHandle(key);
}

KeyHandle RsaKey(const json& from) {
  Owned<BIGNUM> modulus = Number(BytesOf(from, "n"));
  Owned<BIGNUM> exponent = Number(BytesOf(from, "e"));
  Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (BN_num_bits(modulus.get()) < kLeastRsaBits ||
      BN_is_zero(exponent.get()) ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N,
                             modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E,
                             exponent.get()) != 1) {
    return nullptr;
  }
  return MakeKey("RSA", builder.get());
}

// MakeKey refuses a point that is not on the curve.
KeyHandle P256Key(const json& from) {
  const std::string x = BytesOf(from, "x");
  const std::string y = BytesOf(from, "y");
  if (MemberText(from, "crv") != "P-256" || x.size() != kCoordinateBytes ||
      y.size() != kCoordinateBytes) {
    return nullptr;
  }
  const std::string point = absl::StrCat("\x04", x, y);  // Not compressed.
  Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                      "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                       point.data(), point.size()) != 1) {
    return nullptr;
  }
  return MakeKey("EC", builder.get());
}

KeyHandle Ed25519Key(const json& from) {
  const std::string x = BytesOf(from, "x");
  if (MemberText(from, "crv") != "Ed25519" || x.size() != kCoordinateBytes) {
    return nullptr;
  }
  return KeyHandle(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                               Bytes(x), x.size()));
}

// RFC 7518, 3.4: r and s as 32 bytes each; OpenSSL has them in DER.
std::string DerOf(const std::string& signature) {
  if (signature.size() != 2 * kCoordinateBytes) return "";
  Owned<ECDSA_SIG> pair(ECDSA_SIG_new());
  Owned<BIGNUM> r = Number(signature.substr(0, kCoordinateBytes));
  Owned<BIGNUM> s = Number(signature.substr(kCoordinateBytes));
  if (ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return "";
  r.release();
  s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return "";
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool Fits(evp_pkey_st& key, SignatureAlgorithm algorithm,
          const std::string& text, const std::string& signature) {
  const bool eddsa = algorithm == SignatureAlgorithm::kEdDsa;
  Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool fits =
      !signature.empty() &&
      EVP_DigestVerifyInit(context.get(), nullptr,
                           eddsa ? nullptr : EVP_sha256(), nullptr,
                           &key) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(),
                       Bytes(text), text.size()) == 1;
  ERR_clear_error();
  return fits;
}

// nullopt: it is of no use here.
std::optional<std::pair<SignatureAlgorithm, KeyHandle>> ReadKey(
    const json& from) {
  const std::string type = MemberText(from, "kty");
  const std::string use = MemberText(from, "use");
  const std::string algorithm = MemberText(from, "alg");
  if (!use.empty() && use != "sig") return std::nullopt;
  auto as = [&](const char* name, SignatureAlgorithm kind, KeyHandle key)
      -> std::optional<std::pair<SignatureAlgorithm, KeyHandle>> {
    if (key == nullptr || (!algorithm.empty() && algorithm != name)) {
      return std::nullopt;
    }
    return std::make_pair(kind, std::move(key));
  };
  if (type == "RSA") {
    return as("RS256", SignatureAlgorithm::kRs256, RsaKey(from));
  }
  if (type == "EC") {
    return as("ES256", SignatureAlgorithm::kEs256, P256Key(from));
  }
  if (type == "OKP") {
    return as("EdDSA", SignatureAlgorithm::kEdDsa, Ed25519Key(from));
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<JsonWebKeys> JsonWebKeys::Parse(std::string_view text) {
  const json set = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array()) {
    return absl::InvalidArgumentError(
        "it is not a set of JSON Web Keys: {\"keys\": […]}");
  }
  if (set["keys"].size() > kMostKeys) {
    return absl::InvalidArgumentError("it has more than 100 keys");
  }
  JsonWebKeys keys;
  for (const json& entry : set["keys"]) {
    if (!entry.is_object()) continue;
    if (auto read = ReadKey(entry)) {
      keys.keys_.push_back(
          {MemberText(entry, "kid"), read->first, std::move(read->second)});
    }
  }
  if (!keys.keys_.empty()) return keys;
  return absl::InvalidArgumentError(
      "none of its keys is for RS256 (2,048 bits at least), ES256 or EdDSA");
}

const JsonWebKeys::Key* JsonWebKeys::Find(const JsonWebToken& token) const {
  const Key* found = nullptr;
  for (const Key& key : keys_) {
    if (key.algorithm != token.algorithm) continue;
    if (!token.key_id.empty()) {
      if (key.id == token.key_id) return &key;
    } else if (found != nullptr) {
      return nullptr;  // It could be either.
    } else {
      found = &key;
    }
  }
  return found;
}

bool JsonWebKeys::HasKeyFor(const JsonWebToken& token) const {
  return Find(token) != nullptr;
}

absl::Status JsonWebKeys::Verify(const JsonWebToken& token) const {
  const Key* key = Find(token);
  if (key == nullptr) {
    return absl::UnauthenticatedError("its issuer has no key as it names");
  }
  const bool pair = key->algorithm == SignatureAlgorithm::kEs256;
  if (Fits(*key->key, key->algorithm, token.signed_part,
           pair ? DerOf(token.signature) : token.signature)) {
    return absl::OkStatus();
  }
  return absl::UnauthenticatedError("its signature is not its issuer's");
}

}  // namespace fleet::controller
