// What Node and its parent say to each other, one JSON value a line.
#ifndef FLEET_NODE_AGENT_NODE_MESSAGE_H_
#define FLEET_NODE_AGENT_NODE_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fleet::agent {

// A child's question for the socket of an address (Node's
// lib/internal/cluster/child.js, queryServer).
struct NodeQuery {
  std::optional<std::string> address;  // Nothing: every address.
  int port = 0;                        // Negative: `address` is a path.
  // 4, 6, -1 for a path; UDP: `udp` and 4 or 6.
  int address_type = 4;
  bool udp = false;
  int fd = -1;
  int flags = 0;
  int index = 0;
  // JSON, e.g. TLS ticket keys; empty: null.
  std::string data;
};

// A line from the child.
struct NodeMessage {
  enum class Kind {
    kReady,  // process.send('ready')
    kOnline,
    kQueryServer,
    kListening,
    kClose,
    kExitedAfterDisconnect,
    kHandle,  // The child sent a descriptor along.
    kHandleAck,
    kHandleNack,
    kDraining,       // Our preload has taken over (drain_preload.js).
    kLoop,           // It tells how free the event loop is.
    kOtherInternal,  // Node's own, of no concern to a parent.
    kAction,         // @pm2/io: the app offers a custom action.
    kActionReply,    // What an action has returned.
    kMetrics,        // @pm2/io: all of the app's metrics, each second.
    kApp,            // The app's.
  };
  Kind kind = Kind::kApp;
  int64_t seq = 0;
  std::string key;  // kClose; kAction, kActionReply: the action's name.
  NodeQuery query;  // kQueryServer.
  // kHandle: the message it wraps. kActionReply: what was returned, JSON.
  std::string inner;
  double loop_free = 0;  // kLoop: 0 to 1.
  // kMetrics: values with their units ("42 ms") by name; at most kMostMetrics.
  std::map<std::string, std::string> metrics;
};
// A name or value beyond kLongestMetric bytes is left out.
inline constexpr size_t kMostMetrics = 64;
inline constexpr size_t kLongestMetric = 64;

// Nothing: it is no JSON. A line beyond 64 KiB, or of lists and maps more than
// 100 deep, is not looked into: none of Node's own is like that; only the reply
// of an action may have 1 MiB. Pure, as all here.
std::optional<NodeMessage> ParseNodeMessage(std::string_view line);

// The lines of a parent, without newline.

// With the listening descriptor; `data` as in NodeQuery.
std::string NodeHandleReply(bool udp, const std::string& key, int64_t ack,
                            const std::string& data, int64_t seq);
// `error_number` is an errno, positive: the app gets it as a bind error.
std::string NodeErrorReply(int error_number, const std::string& key,
                           int64_t ack, int64_t seq);
std::string NodeAck(int64_t ack, int64_t seq);
std::string NodeHandleAck();
std::string NodeDisconnect(int64_t seq);
// For drain_preload.js. `signal` empty: it only answers Connection: close from
// now on, the app is told otherwise.
std::string NodeDrain(const std::string& signal, int64_t grace_ms);
// A user's message for the app: JSON as the value it is, anything else as a
// string. INVALID_ARGUMENT for an object that Node takes for one of its own
// (`cmd` begins with NODE_), and for one that is more than 100 deep.
absl::StatusOr<std::string> NodeAppMessage(std::string_view text);
// Asks for a custom action, as PM2 does: its name, or with a parameter an
// object {msg, opts}.
std::string NodeActionMessage(const std::string& action,
                              const std::optional<std::string>& parameter);
// PM2's shutdown_with_message.
std::string NodeShutdown();

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_NODE_MESSAGE_H_
