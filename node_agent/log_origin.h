// Which stream of which worker a line comes from.
#ifndef FLEET_NODE_AGENT_LOG_ORIGIN_H_
#define FLEET_NODE_AGENT_LOG_ORIGIN_H_

#include <string>

namespace fleet::agent {

enum class LogStreamKind { kOut, kErr };

struct LogOrigin {
  std::string app;
  int slot = 0;
  LogStreamKind stream = LogStreamKind::kOut;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_ORIGIN_H_
