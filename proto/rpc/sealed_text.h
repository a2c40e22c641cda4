// Texts that only who has the key can read or change.
#ifndef FLEET_PROTO_RPC_SEALED_TEXT_H_
#define FLEET_PROTO_RPC_SEALED_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fleet {

// AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits before the text
// and the tag of 128 bits behind it. Up to 2^32 texts a key are safe with
// random nonces. Immutable; thread-safe.
class SealingKey {
 public:
  // Reads 32 bytes in hex from the file, or makes it (mode 0600) when it is
  // not there. INVALID_ARGUMENT: it holds something else.
  static absl::StatusOr<SealingKey> Open(const std::string& path);

  // `about` is not kept, and must be the same when it is opened: a sealed text
  // cannot be put in another's place.
  std::string Seal(std::string_view text, std::string_view about) const;
  // DATA_LOSS: not sealed with this key for that, or changed since.
  absl::StatusOr<std::string> Unseal(std::string_view sealed,
                                     std::string_view about) const;

 private:
  explicit SealingKey(std::string key) : key_(std::move(key)) {}

  std::string key_;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_SEALED_TEXT_H_
