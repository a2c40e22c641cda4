// How deep a JSON text goes.
#ifndef FLEET_PROTO_RPC_JSON_NESTING_H_
#define FLEET_PROTO_RPC_JSON_NESTING_H_

#include <cstddef>
#include <string_view>

namespace fleet {

// What is read or written by functions that call themselves must not go deeper
// than this: a text of 64 KiB can nest so often that the stack does not
// suffice. Nobody's configuration or message comes near it.
inline constexpr size_t kMostNesting = 100;

// Lists and maps that are open at once, at most; brackets in strings do not
// count. `text` need not be JSON. Pure.
size_t JsonNesting(std::string_view text);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_JSON_NESTING_H_
