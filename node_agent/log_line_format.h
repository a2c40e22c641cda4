// How the lines of a worker stand in its log file.
#ifndef FLEET_NODE_AGENT_LOG_LINE_FORMAT_H_
#define FLEET_NODE_AGENT_LOG_LINE_FORMAT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "node_agent/log_origin.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/date_format.h"

namespace fleet::agent {

// Three forms:
//   raw     the bytes as they were written
//   dated   "2024-02-09T15:04:05: text", as PM2 writes it; the host's zone
//   JSON    {"timestamp":"2024-02-09T15:04:05.067Z","type":"out",
//           "app_name":"web","process_id":2,"host":"h1","message":"text"}
//           PM2's keys; process_id is the instance's number. The timestamp is
//           UTC, or as the policy's date format says. What is not UTF-8 becomes
//           U+FFFD. A piece whose line was not ended has "partial":true.
// In the dated and the JSON form every piece ends with a newline.
//
// Pure but for the zone. Not thread-safe: it remembers the last time's text.
class LogLineFormat {
 public:
  LogLineFormat(const LogPolicy& policy, const std::string& host,
                const LogOrigin& origin);

  bool raw() const { return form_ == Form::kRaw; }

  // Appends the lines of `bytes` to `out`, as many as make `out` at most
  // `room` bytes long, and gives how many bytes of `bytes` these were; 0: the
  // first one does not fit. What comes after the last newline is a line too.
  // The same arguments give the same text, in every agent of this version.
  size_t Append(std::string_view bytes, absl::Time time, size_t room,
                std::string& out);

 private:
  enum class Form { kRaw, kDated, kJson };

  void SetTime(absl::Time time);
  void AppendLine(std::string_view line, bool ended, std::string& out) const;

  const Form form_;
  std::optional<DateFormat> date_;
  const absl::TimeZone zone_;
  std::string origin_;  // JSON, from "type" on.
  absl::Time time_ = absl::InfinitePast();
  std::string prefix_;  // What a line of `time_` begins with.
};

// Appends `text` as the inside of a JSON string.
void AppendJsonText(std::string_view text, std::string& out);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_LINE_FORMAT_H_
