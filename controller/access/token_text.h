// What a token looks like to its owner.
#ifndef FLEET_CONTROLLER_ACCESS_TOKEN_TEXT_H_
#define FLEET_CONTROLLER_ACCESS_TOKEN_TEXT_H_

#include <string>
#include <string_view>

#include "controller/access/token_record.h"

namespace fleet::controller {

// "fleet_api_SECRET" or "fleet_join_SECRET", 160 random bits in hex.
std::string MakeTokenSecret(TokenKind kind);

// "SECRET_PIN": what is shown. The pin (64 hex digits) tells the owner's
// program which certificate authority to trust. No pin: the secret alone.
std::string TokenText(std::string_view secret, std::string_view pin);

// The secret in what a client sent, with or without its pin.
std::string_view SecretOf(std::string_view text);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_TOKEN_TEXT_H_
