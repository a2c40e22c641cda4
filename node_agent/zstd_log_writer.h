// Writes a log file in compressed form.
#ifndef FLEET_NODE_AGENT_ZSTD_LOG_WRITER_H_
#define FLEET_NODE_AGENT_ZSTD_LOG_WRITER_H_

#include <atomic>
#include <cstddef>

#include "absl/status/status.h"

namespace fleet::agent {

// Of so much text a frame is made, so a reader in the middle unpacks no more.
inline constexpr size_t kZstdFrameText = 1 << 20;

// Writes all of `from`, which grows no more, to `to`, which is empty, as
// ZstdLogPiece reads it and zstd -d too, and syncs it to disk. CANCELLED:
// `stop` was set, which is looked at between two frames; otherwise an error of
// the file system. Any thread; some 3 MiB while it runs.
absl::Status WriteZstdLog(int from, int to, const std::atomic<bool>& stop);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_ZSTD_LOG_WRITER_H_
