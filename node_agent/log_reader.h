// Reads logs for others, aside from the loop.
#ifndef FLEET_NODE_AGENT_LOG_READER_H_
#define FLEET_NODE_AGENT_LOG_READER_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "node_agent/log_query.h"

namespace fleet::agent {

// Loop thread only. Who reads pulls: so nothing is ever read ahead but one
// batch.
class LogReader {
 public:
  using ScanId = uint64_t;
  using Deliver = std::function<void(LogBatch)>;

  virtual ~LogReader() = default;

  // `deliver` is called from the loop, once for each Pull. INVALID_ARGUMENT:
  // the query's pattern.
  virtual absl::StatusOr<ScanId> Open(const LogQuery& query,
                                      Deliver deliver) = 0;
  // Asks for a batch, which comes as soon as there is something in it, and
  // during a long search once in a while without anything but `scanned_to`.
  // Not again before it has come, and not after one that was `done`.
  virtual void Pull(ScanId id) = 0;
  // Nothing is delivered any more.
  virtual void Close(ScanId id) = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_READER_H_
