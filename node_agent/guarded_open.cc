#include "node_agent/guarded_open.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fleet::agent {
namespace {

constexpr int kMostLinks = 40;

UniqueFd Fail(int error) {
  errno = error;
  return UniqueFd();
}

// One path, a component at a time, each by the descriptor of its folder: what
// is judged is what is opened.
class Walk {
 public:
  UniqueFd Open(int folder, const std::string& path, int flags, mode_t mode) {
    UniqueFd at;
    if (path.starts_with('/')) {
      at.Reset(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
      folder = at.get();
    }
    std::vector<std::string> names =
        absl::StrSplit(path, '/', absl::SkipEmpty());
    if (names.empty()) names.emplace_back(".");
    for (size_t i = 0; i + 1 < names.size(); ++i) {
      UniqueFd next = Step(folder, names[i], O_PATH, 0);
      if (!next.valid()) return next;
      at = std::move(next);
      folder = at.get();
    }
    return Step(folder, names.back(), flags, mode);
  }

 private:
  UniqueFd Step(int folder, const std::string& name, int flags, mode_t mode) {
    UniqueFd fd(
        openat(folder, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
    const bool by_path = (flags & O_PATH) != 0;
    if (fd.valid() ? !by_path : errno != ELOOP) return fd;
    // With O_PATH a link itself is opened.
    UniqueFd link = by_path ? std::move(fd)
                            : UniqueFd(openat(folder, name.c_str(),
                                              O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!link.valid() || fstat(link.get(), &info) != 0) return Fail(errno);
    if (!S_ISLNK(info.st_mode)) return by_path ? std::move(link) : Fail(ELOOP);
    if (++links_ > kMostLinks) return Fail(ELOOP);
    struct statfs system {};
    // Of the kernel's own making: what it names may have no path.
    if (fstatfs(link.get(), &system) == 0 &&
        system.f_type == PROC_SUPER_MAGIC) {
      return UniqueFd(openat(folder, name.c_str(), flags | O_CLOEXEC, mode));
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t size =
        readlinkat(link.get(), "", target.data(), target.size() - 1);
    if (size <= 0) return Fail(ENOENT);
    return Follow(folder, std::string(target.data()), info.st_uid, flags, mode);
  }

  UniqueFd Follow(int folder, const std::string& target, uid_t owner, int flags,
                  mode_t mode) {
    if (owner == 0) return Open(folder, target, flags, mode);
    UniqueFd there = Open(folder, target, O_PATH, 0);
    struct stat info {};
    if (!there.valid() || fstat(there.get(), &info) != 0) return there;
    if (info.st_uid != owner) return Fail(ELOOP);
    if ((flags & O_PATH) != 0) return there;
    const std::string again = absl::StrCat("/proc/self/fd/", there.get());
    return UniqueFd(
        open(again.c_str(), (flags & ~(O_CREAT | O_EXCL)) | O_CLOEXEC));
  }

  int links_ = 0;
};

}  // namespace

UniqueFd OpenGuarded(const std::string& path, int flags, mode_t mode) {
  if (geteuid() != 0) {
    return UniqueFd(open(path.c_str(), flags | O_CLOEXEC, mode));
  }
  return Walk().Open(AT_FDCWD, path, flags, mode);
}

}  // namespace fleet::agent
