// Signals by the names that users write.
#ifndef FLEET_PROTO_RPC_SIGNAL_NAME_H_
#define FLEET_PROTO_RPC_SIGNAL_NAME_H_

#include <optional>
#include <string>
#include <string_view>

namespace fleet {

// The number of "SIGTERM", "TERM" or "sigterm"; nothing for a name that Linux
// does not know.
std::optional<int> SignalNumber(std::string_view name);

// "SIGTERM" for 15; "signal 40" for one without a name.
std::string SignalName(int number);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_SIGNAL_NAME_H_
