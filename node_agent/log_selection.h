// Which streams a reader of logs asked for.
#ifndef FLEET_NODE_AGENT_LOG_SELECTION_H_
#define FLEET_NODE_AGENT_LOG_SELECTION_H_

#include <string>
#include <utility>

#include "node_agent/log_pump.h"

namespace fleet::agent {

// Pure; immutable.
class LogSelection {
 public:
  // The slot of a file that instances share: matches every slot asked for.
  static constexpr int kAnySlot = -1;

  explicit LogSelection(LogQuery query) : query_(std::move(query)) {}

  bool Matches(const std::string& app, int slot, LogStreamKind stream) const;
  const LogQuery& query() const { return query_; }

 private:
  LogQuery query_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_SELECTION_H_
