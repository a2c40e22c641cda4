// YAML and JSON text, with the places things stand on.
#ifndef FLEET_PROTO_RPC_YAML_DOCUMENT_H_
#define FLEET_PROTO_RPC_YAML_DOCUMENT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/rpc/document.h"

namespace fleet {

// Reads one document. Plain `true`, `false`, `null`, `~` and numbers have
// their YAML 1.2 kinds (`yes` and `on` are text); anchors, aliases and `<<`
// merges are followed. A text of over 100,000 values or 100 levels is refused,
// so that aliases of aliases cannot fill the memory, nor an alias within itself
// the stack.
//
// INVALID_ARGUMENT "FILE:LINE:COLUMN: what" for a syntax error or a key that
// stands twice. `file` is only for messages.
absl::StatusOr<Value> ReadYaml(const std::string& text, std::string_view file);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_YAML_DOCUMENT_H_
