// Whether what a program binds is one of the addresses that its app declares.
#ifndef FLEET_NODE_AGENT_DECLARED_ADDRESS_H_
#define FLEET_NODE_AGENT_DECLARED_ADDRESS_H_

#include <optional>
#include <string>
#include <vector>

#include "node_agent/listen_address.h"

namespace fleet::agent {

// The TCP address to open for a program that binds `wanted`, or nothing: it is
// no declared one (also a Unix path, or port 0).
//
// `declared` are the URLs of the spec's `listen`. The program's own words
// count, as far as the declared address covers them: 0.0.0.0 or :: in the
// family that it asks for, or one address where all are declared. Where one is
// declared and the program asks for all, it gets the one. `ipv6_only` is its
// socket's option. Pure.
std::optional<ListenAddress> MatchDeclared(
    const std::vector<std::string>& declared, const SocketAddress& wanted,
    bool ipv6_only);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_DECLARED_ADDRESS_H_
