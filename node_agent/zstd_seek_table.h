// Where the frames of a compressed log file are: the seek table of zstd's
// seekable format, a frame at the end that other programs skip.
#ifndef FLEET_NODE_AGENT_ZSTD_SEEK_TABLE_H_
#define FLEET_NODE_AGENT_ZSTD_SEEK_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::agent {

struct ZstdFrameSize {
  uint32_t packed = 0;
  uint32_t text = 0;
  friend bool operator==(const ZstdFrameSize&, const ZstdFrameSize&) = default;
};

// Pure.
class ZstdSeekTable {
 public:
  static constexpr size_t kFooterBytes = 9;

  // The frame that ends a file of these frames.
  static std::string Encode(const std::vector<ZstdFrameSize>& frames);
  // Bytes of the whole table by the last kFooterBytes of a file; 0: it has
  // none.
  static size_t BytesOf(std::string_view footer);
  // `table` has the BytesOf bytes at the end of a file of `file_size`. Empty:
  // it does not fit the file.
  static std::vector<ZstdFrameSize> Decode(std::string_view table,
                                           int64_t file_size);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_ZSTD_SEEK_TABLE_H_
