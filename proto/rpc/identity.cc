#include "proto/rpc/identity.h"

#include <grpcpp/server_context.h>
#include <pwd.h>
#include <sys/socket.h>

#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

std::string UserName(uid_t uid) {
  passwd entry;
  passwd* found = nullptr;
  std::array<char, 4096> buffer;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->pw_name;
  }
  return absl::StrCat("uid ", uid);
}

}  // namespace

Identity IdentityOf(const grpc::ServerContextBase& context) {
  return IdentityOfPeer(context.peer());
}

Identity IdentityOfPeer(std::string_view peer) {
  absl::string_view rest = ToAbsl(peer);
  Identity identity;
  identity.peer = std::string(peer);
  int fd = -1;
  ucred credentials;
  socklen_t size = sizeof credentials;
  if (absl::ConsumePrefix(&rest, "fd:") && absl::SimpleAtoi(rest, &fd) &&
      getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    identity.kind = Identity::Kind::kLocalUser;
    identity.name = UserName(credentials.uid);
    identity.peer = absl::StrCat("unix, process ", credentials.pid);
    return identity;
  }
  rest = ToAbsl(peer);
  if (!absl::ConsumePrefix(&rest, "ipv4:")) absl::ConsumePrefix(&rest, "ipv6:");
  identity.name = absl::StrCat("anonymous@", rest);
  return identity;
}

absl::Status Authorize(const Identity& /*identity*/,
                       std::string_view /*method*/) {
  // Whoever reached the server is this user, root, or on a loopback address
  // that was opened with --insecure. Roles enter here.
  return absl::OkStatus();
}

}  // namespace fleet
