#include "node_agent/zstd_log_piece.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "node_agent/zstd_seek_table.h"

namespace fleet::agent {
namespace {

constexpr size_t kMostFrameBytes = 16 << 20;

}  // namespace

ZstdLogPiece::ZstdLogPiece(UniqueFd fd, std::string times_path)
    : LogPiece(std::move(fd), std::move(times_path)) {
  FindFrames();
}

std::string ZstdLogPiece::ReadPacked(int64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  ssize_t n = pread(fd(), bytes.data(), size, offset);
  return n == static_cast<ssize_t>(size) ? bytes : "";
}

void ZstdLogPiece::FindFrames() {
  struct stat info {};
  if (fstat(fd(), &info) != 0) return;
  constexpr auto kFooter = static_cast<int64_t>(ZstdSeekTable::kFooterBytes);
  if (info.st_size < kFooter) return;
  size_t bytes = ZstdSeekTable::BytesOf(
      ReadPacked(info.st_size - kFooter, ZstdSeekTable::kFooterBytes));
  if (bytes == 0 || static_cast<int64_t>(bytes) > info.st_size) return;
  std::string table =
      ReadPacked(info.st_size - static_cast<int64_t>(bytes), bytes);
  if (table.empty()) return;
  int64_t packed = 0;
  for (ZstdFrameSize frame : ZstdSeekTable::Decode(table, info.st_size)) {
    frames_.push_back({size_, frame.text, packed, frame.packed});
    size_ += frame.text;
    packed += frame.packed;
  }
}

bool ZstdLogPiece::Unpack(const Frame& frame) {
  if (unpacked_offset_ == frame.offset) return true;
  if (frame.size > kMostFrameBytes || frame.packed_size > kMostFrameBytes) {
    return false;
  }
  std::string packed = ReadPacked(frame.packed_offset, frame.packed_size);
  unpacked_offset_ = -1;
  unpacked_.resize(frame.size);
  size_t n = ZSTD_decompress(unpacked_.data(), unpacked_.size(), packed.data(),
                             packed.size());
  if (ZSTD_isError(n) != 0 || n != frame.size) return false;
  unpacked_offset_ = frame.offset;
  return true;
}

size_t ZstdLogPiece::Read(int64_t offset, char* to, size_t count) {
  auto after = std::upper_bound(
      frames_.begin(), frames_.end(), offset,
      [](int64_t at, const Frame& frame) { return at < frame.offset; });
  if (after == frames_.begin() || offset >= size_) return 0;
  const Frame& frame = *std::prev(after);
  if (!Unpack(frame)) return 0;
  auto from = static_cast<size_t>(offset - frame.offset);
  size_t n = std::min(count, frame.size - from);
  std::memcpy(to, unpacked_.data() + from, n);
  return n;
}

}  // namespace fleet::agent
