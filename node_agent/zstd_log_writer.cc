#include "node_agent/zstd_log_writer.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node_agent/zstd_seek_table.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// zstd's own default: several times as fast as logs are written.
constexpr int kLevel = 3;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// As many bytes as fit and are there, from `offset` on.
absl::Status ReadFrame(int from, int64_t offset, std::string& text) {
  size_t done = 0;
  text.resize(kZstdFrameText);
  while (done < text.size()) {
    ssize_t n = pread(from, text.data() + done, text.size() - done,
                      offset + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "read");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  text.resize(done);
  return absl::OkStatus();
}

absl::Status WritePacked(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(to, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return ErrnoStatus(n < 0 ? errno : ENOSPC, "write");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteZstdLog(int from, int to, const std::atomic<bool>& stop) {
  struct stat info {};
  if (fstat(from, &info) != 0) return ErrnoStatus(errno, "stat");
  std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (context == nullptr) return absl::ResourceExhaustedError("no memory");
  std::vector<ZstdFrameSize> frames;
  std::string text;
  std::string packed(ZSTD_compressBound(kZstdFrameText), '\0');
  int64_t offset = 0;
  while (offset < info.st_size) {
    if (stop) return absl::CancelledError("the agent ends");
    RETURN_IF_ERROR(ReadFrame(from, offset, text));
    if (text.empty()) break;
    size_t n = ZSTD_compressCCtx(context.get(), packed.data(), packed.size(),
                                 text.data(), text.size(), kLevel);
    if (ZSTD_isError(n) != 0) {
      return absl::InternalError(ZSTD_getErrorName(n));
    }
    RETURN_IF_ERROR(WritePacked(to, {packed.data(), n}));
    frames.push_back(
        {static_cast<uint32_t>(n), static_cast<uint32_t>(text.size())});
    offset += static_cast<int64_t>(text.size());
  }
  if (offset != info.st_size) {
    return absl::DataLossError(absl::StrCat("it has ", info.st_size, " bytes, ",
                                            offset, " of which could be read"));
  }
  RETURN_IF_ERROR(WritePacked(to, ZstdSeekTable::Encode(frames)));
  return fsync(to) == 0 ? absl::OkStatus() : ErrnoStatus(errno, "sync");
}

}  // namespace fleet::agent
