// Which streams a reader of logs asked for.
#ifndef FLEET_NODE_AGENT_LOG_SELECTION_H_
#define FLEET_NODE_AGENT_LOG_SELECTION_H_

#include <string>
#include <vector>

#include "node_agent/log_query.h"

namespace fleet::agent {

// Pure; immutable.
class LogSelection {
 public:
  // The slot of a file that instances share: matches every slot asked for.
  static constexpr int kAnySlot = -1;

  explicit LogSelection(const LogQuery& query)
      : apps_(query.apps), out_(query.out), err_(query.err) {}

  bool Matches(const LogOrigin& origin) const;

 private:
  const std::vector<std::string> apps_;
  const bool out_;
  const bool err_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_SELECTION_H_
