// Small files that are read and replaced as a whole.
#ifndef FLEET_PROTO_RPC_WHOLE_FILE_H_
#define FLEET_PROTO_RPC_WHOLE_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fleet {

// NOT_FOUND when it is not there, RESOURCE_EXHAUSTED when it is longer than
// `limit` bytes, else the system's error. Every message names the path.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path,
                                          size_t limit = 1 << 20);

// PERMISSION_DENIED unless the file belongs to root or this user, and nobody
// else may write to it.
absl::Status CheckWriters(const std::string& path);
// Everybody on the machine may read it.
bool IsReadByOthers(const std::string& path);

// Whoever reads the path sees the old text or the new one, also after a loss
// of power: written beside it with `mode`, synced, renamed.
absl::Status ReplaceFile(const std::string& path, std::string_view text,
                         mode_t mode);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_WHOLE_FILE_H_
