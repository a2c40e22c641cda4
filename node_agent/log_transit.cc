#include "node_agent/log_transit.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr uint32_t kVersion = 1;
// Twice what a pump takes at a time, in pages that are hardly filled.
constexpr int kPipeBytes = 1 << 20;

// The bytes are, or may be, under way: their text is not known to be written.
constexpr uint32_t kUnderWay = 1;
constexpr uint32_t kWritten = 2;

// Into all of `to`, as far as there is something; how far.
size_t ReadFully(int fd, std::string& to) {
  size_t done = 0;
  while (done < to.size()) {
    ssize_t n = read(fd, to.data() + done, to.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

}  // namespace

// In shared memory: a kill leaves what was stored before it.
struct LogTransit::Record {
  uint32_t version;
  std::atomic<uint32_t> phase;
  uint64_t owner;
  uint32_t stream;
  uint32_t targets;
  int64_t seconds;
  int64_t nanos;
  struct {
    uint64_t device;
    uint64_t inode;
    int64_t offset;
    uint64_t newline;
  } target[kMaxTargets];
};

LogTransit::LogTransit(std::vector<Inventory::Held> held, const Hold& hold)
    : nothing_(open("/dev/null", O_WRONLY | O_CLOEXEC)) {
  Adopt(std::move(held));
  if (record_ == nullptr) Make(hold);
  if (record_->phase == kUnderWay) ReadLeft();
  if (!left_.has_value()) End();
}

LogTransit::~LogTransit() { munmap(record_, sizeof(Record)); }

void LogTransit::Adopt(std::vector<Inventory::Held> held) {
  for (Inventory::Held& part : held) {
    if (part.name.ends_with("/read")) read_ = std::move(part.fd);
    if (part.name.ends_with("/write")) write_ = std::move(part.fd);
    if (part.name.ends_with("/note")) memory_ = std::move(part.fd);
  }
  struct stat info {};
  if (!read_.valid() || !write_.valid() || !memory_.valid() ||
      fstat(memory_.get(), &info) != 0 ||
      info.st_size < static_cast<off_t>(sizeof(Record))) {
    return;
  }
  void* at = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED,
                  memory_.get(), 0);
  FLEET_CHECK(at != MAP_FAILED);
  record_ = static_cast<Record*>(at);
  if (record_->version == kVersion) return;
  munmap(record_, sizeof(Record));
  record_ = nullptr;
}

void LogTransit::Make(const Hold& hold) {
  std::array<int, 2> fds;
  FLEET_CHECK(pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  read_.Reset(fds[0]);
  write_.Reset(fds[1]);
  // Less is no error: batches are smaller then.
  fcntl(write_.get(), F_SETPIPE_SZ, kPipeBytes);
  memory_.Reset(memfd_create("fleet-log-transit", MFD_CLOEXEC));
  FLEET_CHECK(memory_.valid());
  FLEET_CHECK(ftruncate(memory_.get(), sizeof(Record)) == 0);
  void* at = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED,
                  memory_.get(), 0);
  FLEET_CHECK(at != MAP_FAILED);
  record_ = static_cast<Record*>(at);
  record_->version = kVersion;
  if (!hold) return;
  hold(absl::StrCat(kHeldPrefix, "read"), read_.get());
  hold(absl::StrCat(kHeldPrefix, "write"), write_.get());
  hold(absl::StrCat(kHeldPrefix, "note"), memory_.get());
}

void LogTransit::ReadLeft() {
  int size = 0;
  if (ioctl(read_.get(), FIONREAD, &size) != 0 || size == 0) return;
  left_bytes_.resize(static_cast<size_t>(size));
  if (!CopyLeft()) {
    // Without room for a copy this agent must not be killed now.
    left_bytes_.resize(ReadFully(read_.get(), left_bytes_));
  }
  Note note;
  note.owner = record_->owner;
  note.stream =
      record_->stream == 0 ? LogStreamKind::kOut : LogStreamKind::kErr;
  note.time = absl::FromUnixSeconds(record_->seconds) +
              absl::Nanoseconds(record_->nanos);
  for (size_t i = 0; i < std::min<size_t>(record_->targets, kMaxTargets); ++i) {
    const auto& t = record_->target[i];
    note.targets.push_back({{t.device, t.inode}, t.offset, t.newline != 0});
  }
  left_ = std::move(note);
}

// They stay in the pipe until End.
bool LogTransit::CopyLeft() {
  std::array<int, 2> fds;
  FLEET_CHECK(pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  UniqueFd copy_read(fds[0]);
  UniqueFd copy_write(fds[1]);
  fcntl(copy_write.get(), F_SETPIPE_SZ, kPipeBytes);
  ssize_t seen =
      tee(read_.get(), copy_write.get(), left_bytes_.size(), SPLICE_F_NONBLOCK);
  return seen == static_cast<ssize_t>(left_bytes_.size()) &&
         ReadFully(copy_read.get(), left_bytes_) == left_bytes_.size();
}

size_t LogTransit::Begin(const Note& note, int pipe, size_t count) {
  FLEET_CHECK(note.targets.size() <= kMaxTargets);
  record_->owner = note.owner;
  record_->stream = note.stream == LogStreamKind::kOut ? 0 : 1;
  record_->targets = static_cast<uint32_t>(note.targets.size());
  record_->seconds = absl::ToUnixSeconds(note.time);
  record_->nanos = absl::ToInt64Nanoseconds(
      note.time - absl::FromUnixSeconds(record_->seconds));
  for (size_t i = 0; i < note.targets.size(); ++i) {
    const Target& t = note.targets[i];
    record_->target[i] = {t.id.device, t.id.inode, t.offset,
                          t.newline ? 1U : 0U};
  }
  record_->phase = kUnderWay;
  size_t moved = 0;
  while (moved < count) {
    ssize_t n = splice(pipe, nullptr, write_.get(), nullptr, count - moved,
                       SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    moved += static_cast<size_t>(n);
  }
  return moved;
}

void LogTransit::End() {
  record_->phase = kWritten;
  Drain();
  record_->phase = 0;
  left_.reset();
  left_bytes_.clear();
}

void LogTransit::Drain() {
  ssize_t n = 0;
  do {
    n = splice(read_.get(), nullptr, nothing_.get(), nullptr, kPipeBytes,
               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (n > 0 || (n < 0 && errno == EINTR));
}

}  // namespace fleet::agent
