#include "node_agent/program_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

bool IsFile(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

bool IsFolder(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool IsExecutable(const std::string& path) {
  return IsFile(path) && access(path.c_str(), X_OK) == 0;
}

absl::StatusOr<std::string> CheckExecutable(const std::string& role,
                                            const std::string& name,
                                            const std::string& path) {
  if (IsExecutable(path)) return path;
  if (!IsFile(path)) {
    return absl::NotFoundError(absl::StrCat(
        role, " \"", name, "\" not found: there is no file ", path));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(role, " ", path, " is not executable: chmod +x it, or set ",
                   "`interpreter`"));
}

}  // namespace

std::string JoinPath(const std::string& folder, const std::string& name) {
  if (!name.empty() && name[0] == '/') return name;
  std::string rest = name;
  while (rest.starts_with("./")) rest.erase(0, 2);
  bool slash = !folder.empty() && folder.back() == '/';
  return absl::StrCat(folder, slash ? "" : "/", rest);
}

absl::StatusOr<std::string> ResolveFolder(const std::string& cwd) {
  if (cwd.empty()) return std::string("/");
  std::unique_ptr<char, decltype(&std::free)> real(
      realpath(cwd.c_str(), nullptr), &std::free);
  if (real == nullptr) {
    return Annotate(ErrnoStatus(errno, "cannot enter it"),
                    absl::StrCat("cwd ", cwd));
  }
  std::string folder = real.get();
  if (!IsFolder(folder)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cwd ", cwd, ": ", folder, " is not a folder"));
  }
  return folder;
}

absl::StatusOr<std::string> FindExecutable(const std::string& role,
                                           const std::string& name,
                                           const std::string& path,
                                           const std::string& cwd) {
  if (name.find('/') != std::string::npos) {
    return CheckExecutable(role, name, JoinPath(cwd, name));
  }
  for (absl::string_view folder : absl::StrSplit(path, ':')) {
    // An empty entry would mean the working folder; nobody wants that.
    if (folder.empty()) continue;
    std::string candidate = JoinPath(std::string(folder), name);
    if (IsExecutable(candidate)) return candidate;
  }
  return absl::NotFoundError(
      absl::StrCat(role, " \"", name, "\" not found in PATH=", path,
                   "; install it on this host, or write its full path"));
}

absl::StatusOr<std::string> FindScript(const std::string& name,
                                       const std::string& cwd,
                                       bool guess_extension) {
  std::string path = JoinPath(cwd, name);
  if (IsFile(path)) return path;
  if (guess_extension && (IsFile(path + ".js") || IsFolder(path))) return path;
  return absl::NotFoundError(absl::StrCat("script \"", name,
                                          "\" not found: there is no file ",
                                          path, "; check `script` and `cwd`"));
}

}  // namespace fleet::agent
