#include "controller/access/token_text.h"

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "proto/rpc/x509.h"

namespace fleet::controller {
namespace {

constexpr int kSecretBytes = 20;

}  // namespace

std::string MakeTokenSecret(TokenKind kind) {
  return absl::StrCat(kind == TokenKind::kJoin ? "fleet_join_" : "fleet_api_",
                      RandomHex(kSecretBytes));
}

std::string TokenText(std::string_view secret, std::string_view pin) {
  if (pin.empty()) return std::string(secret);
  return absl::StrCat(ToAbsl(secret), "_", ToAbsl(pin));
}

std::string_view SecretOf(std::string_view text) {
  size_t end = 0;
  for (int i = 0; i < 3 && end != std::string_view::npos; ++i) {
    end = text.find('_', i == 0 ? 0 : end + 1);
  }
  return text.substr(0, end);
}

}  // namespace fleet::controller
