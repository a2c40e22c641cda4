// The public keys of an issuer of tokens (RFC 7517, RFC 7518, RFC 8037).
#ifndef FLEET_CONTROLLER_ACCESS_JSON_WEB_KEYS_H_
#define FLEET_CONTROLLER_ACCESS_JSON_WEB_KEYS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/access/json_web_token.h"
#include "proto/rpc/x509.h"

namespace fleet::controller {

// A set of keys, for RS256 (RSA of 2,048 bits and more), ES256 (P-256) and
// EdDSA (Ed25519). A key serves one algorithm: a token cannot have it used for
// another. Immutable.
class JsonWebKeys {
 public:
  static constexpr size_t kMostKeys = 100;

  // Keys of other kinds, or for other uses than signatures, are left out. A set
  // without any that is of use is INVALID_ARGUMENT, and so is one of over 100.
  static absl::StatusOr<JsonWebKeys> Parse(std::string_view text);

  // The key that the token names; when it names none, the only one for its
  // algorithm.
  bool HasKeyFor(const JsonWebToken& token) const;
  // UNAUTHENTICATED unless the signature is that key's. About 0.1 ms.
  absl::Status Verify(const JsonWebToken& token) const;

  size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string id;
    SignatureAlgorithm algorithm = SignatureAlgorithm::kRs256;
    KeyHandle key;
  };

  const Key* Find(const JsonWebToken& token) const;

  std::vector<Key> keys_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_JSON_WEB_KEYS_H_
