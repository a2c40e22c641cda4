#include "node_agent/zstd_seek_table.h"

#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// github.com/facebook/zstd, contrib/seekable_format.
constexpr uint32_t kFrameMagic = 0x184D2A5E;
constexpr uint32_t kFooterMagic = 0x8F92EAB1;
constexpr size_t kHeaderBytes = 8;
constexpr size_t kEntryBytes = 8;
constexpr uint32_t kMostFrames = 1 << 24;

void Put(uint32_t value, std::string& out) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i));
}

uint32_t Get(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= uint32_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  }
  return value;
}

}  // namespace

std::string ZstdSeekTable::Encode(const std::vector<ZstdFrameSize>& frames) {
  std::string table;
  Put(kFrameMagic, table);
  Put(static_cast<uint32_t>(frames.size() * kEntryBytes + kFooterBytes), table);
  for (const ZstdFrameSize& frame : frames) {
    Put(frame.packed, table);
    Put(frame.text, table);
  }
  Put(static_cast<uint32_t>(frames.size()), table);
  table += '\0';  // No checksums.
  Put(kFooterMagic, table);
  return table;
}

size_t ZstdSeekTable::BytesOf(std::string_view footer) {
  if (footer.size() != kFooterBytes || Get(footer, 5) != kFooterMagic ||
      footer[4] != 0 || Get(footer, 0) > kMostFrames) {
    return 0;
  }
  return kHeaderBytes + Get(footer, 0) * kEntryBytes + kFooterBytes;
}

std::vector<ZstdFrameSize> ZstdSeekTable::Decode(std::string_view table,
                                                 int64_t file_size) {
  FLEET_CHECK(table.size() >= kHeaderBytes + kFooterBytes);
  std::vector<ZstdFrameSize> frames;
  if (Get(table, 0) != kFrameMagic) return frames;
  auto bytes = static_cast<int64_t>(table.size());
  for (size_t at = kHeaderBytes; at + kFooterBytes < table.size();
       at += kEntryBytes) {
    frames.push_back({Get(table, at), Get(table, at + 4)});
    bytes += frames.back().packed;
  }
  if (bytes != file_size) frames.clear();
  return frames;
}

}  // namespace fleet::agent
