#include "node_agent/drain_preload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr mode_t kReadableByAll = 0644;

bool IsWritten(const std::string& path, std::string_view script) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in.good() && text.str() == script;
}

}  // namespace

absl::Status WriteDrainPreload(const std::string& path) {
  std::string_view script = DrainPreloadScript();
  if (IsWritten(path, script)) return absl::OkStatus();
  std::string fresh = absl::StrCat(path, ".new");
  UniqueFd fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                   kReadableByAll));
  if (!fd.valid() ||
      write(fd.get(), script.data(), script.size()) !=
          static_cast<ssize_t>(script.size()) ||
      fchmod(fd.get(), kReadableByAll) != 0 ||
      rename(fresh.c_str(), path.c_str()) != 0) {
    return ErrnoStatus(errno, absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

}  // namespace fleet::agent
