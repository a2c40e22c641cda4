#include "node_agent/journal_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

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
// a record, or zeros.
bool LooksTorn(std::string_view tail) {
  size_t n = std::min(tail.size(), kMagic.size());
  return tail.substr(0, n) == kMagic.substr(0, n) ||
         tail.find_first_not_of('\0') == std::string_view::npos;
}

bool WriteAt(int fd, std::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    ssize_t n = pwrite(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return true;
}

std::string EncodeAll(const std::vector<JournalRecord>& records) {
  std::string bytes;
  for (const JournalRecord& record : records) bytes += EncodeRecord(record);
  return bytes;
}

// So that a new name in the folder survives a power loss.
bool SyncFolderOf(const std::string& path) {
  std::string folder = path.substr(0, path.rfind('/') + 1);
  UniqueFd fd(open(folder.empty() ? "." : folder.c_str(),
                   O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.valid() && fsync(fd.get()) == 0;
}

}  // namespace

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

absl::Status JournalFile::Failed(int error_number,
                                 std::string_view what) const {
  return ErrnoStatus(error_number, absl::StrCat(ToAbsl(what), " ", path_));
}

absl::StatusOr<JournalFile> JournalFile::Open(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, "open " + path);
  struct stat st;
  if (fstat(fd.get(), &st) != 0) return ErrnoStatus(errno, "stat " + path);
  if (!SyncFolderOf(path)) return ErrnoStatus(errno, "fsync folder of " + path);
  return JournalFile(path, std::move(fd), static_cast<size_t>(st.st_size));
}

absl::StatusOr<std::string> JournalFile::Read() const {
  std::string bytes(size_, '\0');
  size_t done = 0;
  while (done < size_) {
    ssize_t n = pread(fd_.get(), bytes.data() + done, size_ - done,
                      static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(errno, "read");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

absl::Status JournalFile::Truncate(size_t size) {
  if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
    return Failed(errno, "truncate");
  }
  size_ = size;
  return absl::OkStatus();
}

absl::Status JournalFile::Append(const std::vector<JournalRecord>& records,
                                 bool sync) {
  std::string bytes = EncodeAll(records);
  bool done = WriteAt(fd_.get(), bytes, static_cast<off_t>(size_)) &&
              (!sync || fdatasync(fd_.get()) == 0);
  if (!done) {
    int error_number = errno;
    // Should this fail too, the next append writes over it.
    [[maybe_unused]] int cut = ftruncate(fd_.get(), static_cast<off_t>(size_));
    return Failed(error_number, "write");
  }
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status JournalFile::Replace(const std::vector<JournalRecord>& records) {
  std::string bytes = EncodeAll(records);
  std::string temporary = path_ + ".new";
  UniqueFd fd(
      open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  bool done = fd.valid() && WriteAt(fd.get(), bytes, 0) &&
              fdatasync(fd.get()) == 0 &&
              rename(temporary.c_str(), path_.c_str()) == 0;
  if (!done) {
    int error_number = errno;
    unlink(temporary.c_str());
    return Failed(error_number, "rewrite");
  }
  fd_ = std::move(fd);
  size_ = bytes.size();
  if (!SyncFolderOf(path_)) return Failed(errno, "fsync folder of");
  return absl::OkStatus();
}

}  // namespace fleet::agent
