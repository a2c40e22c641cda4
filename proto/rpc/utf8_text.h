// Texts that come from outside: of workers, files and command lines.
#ifndef FLEET_PROTO_RPC_UTF8_TEXT_H_
#define FLEET_PROTO_RPC_UTF8_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fleet {

// All pure.

// Bytes of the UTF-8 character that `text`, which is not empty, begins with; 0:
// it begins with none. Source: The Unicode Standard, table 3-7.
size_t Utf8CharacterLength(std::string_view text);

bool IsUtf8(std::string_view text);

// Each byte that is part of no character becomes U+FFFD.
std::string ToUtf8(std::string_view text);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_UTF8_TEXT_H_
