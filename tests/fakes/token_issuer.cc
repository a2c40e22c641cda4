#include "tests/fakes/token_issuer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

using nlohmann::json;

std::string Encode(const std::string& bytes) {
  std::string text;
  absl::WebSafeBase64Escape(bytes, &text);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

// As `size` bytes; 0: as many as it takes.
std::string BytesOf(const BIGNUM* number, int size = 0) {
  if (size == 0) size = BN_num_bytes(number);
  std::string bytes(static_cast<size_t>(size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size);
  return bytes;
}

std::string Part(evp_pkey_st& key, const char* name, int size = 0) {
  BIGNUM* number = nullptr;
  FLEET_CHECK(EVP_PKEY_get_bn_param(&key, name, &number) == 1);
  std::string text = Encode(BytesOf(number, size));
  BN_free(number);
  return text;
}

}  // namespace

TokenIssuer::TokenIssuer(const std::string& suffix) : suffix_(suffix) {
  keys_["RS256"] = KeyHandle(EVP_RSA_gen(2048));
  keys_["ES256"] = KeyHandle(EVP_EC_gen("P-256"));
  keys_["EdDSA"] = KeyHandle(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

std::string TokenIssuer::Keys() const {
  unsigned char raw[32];
  size_t size = sizeof raw;
  FLEET_CHECK(
      EVP_PKEY_get_raw_public_key(keys_.at("EdDSA").get(), raw, &size) == 1);
  const json set = {
      {"keys",
       {{{"kty", "RSA"},
         {"use", "sig"},
         {"kid", "rs" + suffix_},
         {"n", Part(*keys_.at("RS256"), OSSL_PKEY_PARAM_RSA_N)},
         {"e", Part(*keys_.at("RS256"), OSSL_PKEY_PARAM_RSA_E)}},
        {{"kty", "EC"},
         {"crv", "P-256"},
         {"kid", "es" + suffix_},
         {"x", Part(*keys_.at("ES256"), OSSL_PKEY_PARAM_EC_PUB_X, 32)},
         {"y", Part(*keys_.at("ES256"), OSSL_PKEY_PARAM_EC_PUB_Y, 32)}},
        {{"kty", "OKP"},
         {"crv", "Ed25519"},
         {"kid", "ed" + suffix_},
         {"x", Encode(std::string(reinterpret_cast<char*>(raw), size))}}}}};
  return set.dump();
}

json TokenIssuer::Claims(int64_t now) {
  return {{"iss", "https://ci.example.org"},
          {"sub", "repo:acme/web:ref:refs/heads/main"},
          {"aud", {"fleet", "other"}},
          {"iat", now},
          {"exp", now + 600},
          {"repository", "acme/web"},
          {"ref", "refs/heads/main"},
          {"environment", "production"}};
}

std::string TokenIssuer::Sign(const json& claims, const std::string& algorithm,
                              const json& header) const {
  json head = {{"typ", "JWT"}, {"alg", algorithm}};
  head["kid"] = (algorithm == "RS256"   ? "rs"
                 : algorithm == "ES256" ? "es"
                                        : "ed") +
                suffix_;
  if (!header.is_null()) head.update(header);
  const std::string text =
      absl::StrCat(Encode(head.dump()), ".", Encode(claims.dump()));
  return absl::StrCat(text, ".", Encode(Signature(text, algorithm)));
}

std::string TokenIssuer::Signature(const std::string& text,
                                   const std::string& algorithm) const {
  auto key = keys_.find(algorithm);
  if (key == keys_.end()) return "none";
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const EVP_MD* digest = algorithm == "EdDSA" ? nullptr : EVP_sha256();
  size_t size = 0;
  FLEET_CHECK(EVP_DigestSignInit(context, nullptr, digest, nullptr,
                                 key->second.get()) == 1);
  FLEET_CHECK(EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1);
  std::string signature(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  FLEET_CHECK(EVP_DigestSign(context, out, &size, bytes, text.size()) == 1);
  signature.resize(size);
  EVP_MD_CTX_free(context);
  if (algorithm != "ES256") return signature;
  const unsigned char* der = out;
  ECDSA_SIG* pair =
      d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(signature.size()));
  signature =
      BytesOf(ECDSA_SIG_get0_r(pair), 32) + BytesOf(ECDSA_SIG_get0_s(pair), 32);
  ECDSA_SIG_free(pair);
  return signature;
}

}  // namespace fleet
