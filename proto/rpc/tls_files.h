// Where a program keeps what proves who it is.
#ifndef FLEET_PROTO_RPC_TLS_FILES_H_
#define FLEET_PROTO_RPC_TLS_FILES_H_

#include <string>

namespace fleet {

// The name in every controller's certificate. Clients ask for it whatever the
// address they connect to: only the fleet's authority can have signed it.
inline constexpr char kControllerName[] = "fleet-controller";

// Paths of PEM files, which may be replaced while they are in use: new
// connections take up what is there, open ones go on.
struct TlsFiles {
  // Of the authority that is trusted.
  std::string authority;
  // One's own, leaf first. Empty, and `key` too: a client without one.
  std::string certificate;
  std::string key;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_TLS_FILES_H_
