// Linux's capabilities by the names that users write.
#ifndef FLEET_PROTO_RPC_CAPABILITY_NAME_H_
#define FLEET_PROTO_RPC_CAPABILITY_NAME_H_

#include <optional>
#include <string_view>

namespace fleet {

// The number of "CAP_NET_BIND_SERVICE", "net_bind_service" and the like;
// nothing for a name that Linux 6.1 does not know.
std::optional<int> CapabilityNumber(std::string_view name);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_CAPABILITY_NAME_H_
