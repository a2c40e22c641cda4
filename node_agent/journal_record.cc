#include "node_agent/journal_record.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace fleet::agent {
namespace {

constexpr std::string_view kMagic = "FLJ1";
constexpr size_t kHeaderSize = 4 + 4 + 1 + 4;
constexpr uint32_t kMaxPayload = 8 << 20;

void PutU32(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

uint32_t GetU32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

uint32_t Checksum(uint8_t type, std::string_view payload) {
  uLong crc = crc32(0, &type, 1);
  return static_cast<uint32_t>(
      crc32(crc, reinterpret_cast<const Bytef*>(payload.data()),
            static_cast<uInt>(payload.size())));
}

// The record at the start of `bytes`, if there is a whole one.
std::optional<JournalRecord> Decode(std::string_view bytes, size_t& size) {
  if (bytes.size() < kHeaderSize || bytes.substr(0, 4) != kMagic) {
    return std::nullopt;
  }
  uint32_t payload_size = GetU32(bytes.substr(4));
  if (payload_size > kMaxPayload || bytes.size() - kHeaderSize < payload_size) {
    return std::nullopt;
  }
  auto type = static_cast<uint8_t>(bytes[8]);
  std::string_view payload = bytes.substr(kHeaderSize, payload_size);
  if (GetU32(bytes.substr(9)) != Checksum(type, payload)) return std::nullopt;
  size = kHeaderSize + payload_size;
  return JournalRecord{type, std::string(payload)};
}

// What a write that did not come to its end can leave behind: the beginning of
// a record, with zeros where the rest should be.
bool LooksTorn(std::string_view tail) {
  tail = tail.substr(0, tail.find_last_not_of('\0') + 1);
  size_t n = std::min(tail.size(), kMagic.size());
  return tail.substr(0, n) == kMagic.substr(0, n);
}

}  // namespace

size_t EncodedSize(const JournalRecord& record) {
  return kHeaderSize + record.payload.size();
}

std::string EncodeRecord(const JournalRecord& record) {
  std::string out(kMagic);
  PutU32(out, static_cast<uint32_t>(record.payload.size()));
  out.push_back(static_cast<char>(record.type));
  PutU32(out, Checksum(record.type, record.payload));
  out += record.payload;
  return out;
}

JournalScan ScanJournal(std::string_view bytes) {
  JournalScan scan;
  size_t offset = 0;
  while (offset < bytes.size()) {
    size_t size = 0;
    size_t at = offset;
    std::optional<JournalRecord> record;
    while (at != std::string_view::npos &&
           !(record = Decode(bytes.substr(at), size))) {
      at = bytes.find(kMagic, at + 1);
    }
    bool torn = !record && LooksTorn(bytes.substr(offset));
    if (at != offset && !torn) {
      if (scan.damaged_bytes == 0) scan.first_damage = offset;
      scan.damaged_bytes += std::min(at, bytes.size()) - offset;
    }
    if (!record) break;
    scan.records.push_back(*std::move(record));
    offset = scan.good_size = at + size;
  }
  return scan;
}

std::string EncodeRecords(const std::vector<JournalRecord>& records) {
  std::string bytes;
  for (const JournalRecord& record : records) bytes += EncodeRecord(record);
  return bytes;
}

}  // namespace fleet::agent
