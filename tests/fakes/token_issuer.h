// An issuer of OIDC tokens, for tests: makes its keys, signs what it is told.
#ifndef FLEET_TESTS_FAKES_TOKEN_ISSUER_H_
#define FLEET_TESTS_FAKES_TOKEN_ISSUER_H_

#include <map>
#include <string>

#include "nlohmann/json.hpp"
#include "proto/rpc/x509.h"

namespace fleet {

// Not thread-safe.
class TokenIssuer {
 public:
  // A key of its own for each of RS256, ES256 and EdDSA, named "rs", "es" and
  // "ed" with `suffix`.
  explicit TokenIssuer(const std::string& suffix = "");

  // The public keys, as a JWKS.
  std::string Keys() const;

  // Claims that CI systems put in; iat and exp (10 min later) are set to `now`
  // in seconds.
  static nlohmann::json Claims(int64_t now);

  // Signed by the key for `algorithm`; `header` is merged over the usual one.
  std::string Sign(const nlohmann::json& claims,
                   const std::string& algorithm = "RS256",
                   const nlohmann::json& header = {}) const;

 private:
  std::string Signature(const std::string& text,
                        const std::string& algorithm) const;

  std::string suffix_;
  std::map<std::string, KeyHandle> keys_;  // By algorithm.
};

}  // namespace fleet

#endif  // FLEET_TESTS_FAKES_TOKEN_ISSUER_H_
