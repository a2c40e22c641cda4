#include "proto/rpc/sealed_text.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "proto/rpc/x509.h"

namespace fleet {
namespace {

constexpr int kKeyBytes = 32;
constexpr int kNonceBytes = 12;
constexpr int kTagBytes = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const {
    EVP_CIPHER_CTX_free(context);
  }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

absl::StatusOr<SealingKey> SealingKey::Open(const std::string& path) {
  absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (absl::IsNotFound(text.status())) {
    text = RandomHex(kKeyBytes);
    RETURN_IF_ERROR(ReplaceFile(path, *text, 0600));
  }
  RETURN_IF_ERROR(text.status());
  const absl::string_view digits = absl::StripAsciiWhitespace(*text);
  const bool hex = std::all_of(digits.begin(), digits.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (digits.size() != 2 * kKeyBytes || !hex) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        " is not a key of 32 bytes in hex; restore it from a copy: "
        "without it nothing that was sealed with it can be read"));
  }
  return SealingKey(absl::HexStringToBytes(digits));
}

std::string SealingKey::Seal(std::string_view text,
                             std::string_view about) const {
  std::string sealed(kNonceBytes + text.size() + kTagBytes, '\0');
  FLEET_CHECK(RAND_bytes(Bytes(sealed), kNonceBytes) == 1);
  Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  bool ok = EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr,
                               Bytes(key_), Bytes(sealed)) == 1 &&
            EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(about),
                              static_cast<int>(about.size())) == 1 &&
            EVP_EncryptUpdate(cipher.get(), Bytes(sealed) + kNonceBytes, &size,
                              Bytes(text), static_cast<int>(text.size())) == 1;
  ok = ok && EVP_EncryptFinal_ex(cipher.get(), nullptr, &size) == 1 &&
       EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                           Bytes(sealed) + kNonceBytes + text.size()) == 1;
  FLEET_CHECK(ok);
  return sealed;
}

absl::StatusOr<std::string> SealingKey::Unseal(std::string_view sealed,
                                               std::string_view about) const {
  const absl::Status broken = absl::DataLossError(
      "it was not sealed with this key for this, or has been changed");
  if (sealed.size() < kNonceBytes + kTagBytes) return broken;
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const std::string_view body =
      sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string text(body.size(), '\0');
  Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool ok =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key_),
                         Bytes(sealed)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(about),
                        static_cast<int>(about.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(text), &size, Bytes(body),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes,
                          Bytes(tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), nullptr, &size) == 1;
  return ok ? absl::StatusOr<std::string>(text) : broken;
}

}  // namespace fleet
