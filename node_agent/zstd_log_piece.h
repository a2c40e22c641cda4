// A compressed file of a log.
#ifndef FLEET_NODE_AGENT_ZSTD_LOG_PIECE_H_
#define FLEET_NODE_AGENT_ZSTD_LOG_PIECE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "node_agent/log_piece.h"

namespace fleet::agent {

// As LogCompressor makes them: of frames with a ZstdSeekTable. They are
// decompressed one by one as they are read, so it is quick to start in the
// middle, and one of them is in memory. A file without a table has no text.
class ZstdLogPiece : public LogPiece {
 public:
  ZstdLogPiece(UniqueFd fd, std::string times_path);

  int64_t Size() const override { return size_; }
  size_t Read(int64_t offset, char* to, size_t count) override;

 private:
  struct Frame {
    int64_t offset;  // Of its text.
    size_t size;
    int64_t packed_offset;
    size_t packed_size;
  };

  void FindFrames();
  // False: it is damaged.
  bool Unpack(const Frame& frame);
  // All of it, or nothing.
  std::string ReadPacked(int64_t offset, size_t size) const;

  std::vector<Frame> frames_;
  int64_t size_ = 0;
  int64_t unpacked_offset_ = -1;
  std::string unpacked_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_ZSTD_LOG_PIECE_H_
