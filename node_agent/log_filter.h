// Which lines a reader of logs wants.
#ifndef FLEET_NODE_AGENT_LOG_FILTER_H_
#define FLEET_NODE_AGENT_LOG_FILTER_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node_agent/log_query.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace fleet::agent {

// Immutable.
class LogFilter {
 public:
  // INVALID_ARGUMENT: `grep` is longer than 1,000 bytes, or no RE2 pattern.
  static absl::StatusOr<LogFilter> Make(const LogQuery& query);
  LogFilter(LogFilter&&) noexcept;
  ~LogFilter();

  bool Passes(absl::Time time, std::string_view text) const;
  absl::Time since() const { return since_; }
  absl::Time until() const { return until_; }

 private:
  explicit LogFilter(const LogQuery& query);

  absl::Time since_;
  absl::Time until_;
  std::unique_ptr<re2::RE2> pattern_;  // nullptr: every text.
  bool invert_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_FILTER_H_
