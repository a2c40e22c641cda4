#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/spec_file/file_kind.h"
#include "cli/spec_file/sample_file.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// Never over a file that is there.
absl::Status WriteNew(const std::string& path, const std::string& text) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST) {
    return absl::AlreadyExistsError(absl::StrCat(
        path,
        " exists and is left as it is; name another file: fleetctl "
        "ecosystem FILE"));
  }
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot make ", path));
  const ssize_t written = write(fd, text.data(), text.size());
  const int error = errno;
  close(fd);
  if (written == static_cast<ssize_t>(text.size())) return absl::OkStatus();
  return ErrnoStatus(written < 0 ? error : ENOSPC,
                     absl::StrCat("cannot write ", path));
}

}  // namespace

ExitCode RunEcosystem(const CommandContext& context) {
  std::string path =
      context.line.names.empty() ? "fleet.yaml" : context.line.names[0];
  // PM2's word for the shorter of its samples.
  if (path == "simple") path = "fleet.yaml";
  const FileKind kind = FileKindOf(path);
  const bool known =
      kind == FileKind::kPm2Module ||
      ((kind == FileKind::kNative || kind == FileKind::kPm2Document) &&
       !path.ends_with(".json"));
  if (!known) {
    return FailUsage(context, absl::StrCat("\"", path,
                                           "\" should be a .yaml file or PM2's "
                                           "ecosystem.config.js"));
  }
  const absl::Status written = WriteNew(path, SampleFile(kind));
  if (!written.ok()) return Fail(context, written);
  context.err << "wrote " << path << "; start its app with: fleetctl apply "
              << path << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
