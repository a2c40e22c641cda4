// One pipe that the log pump reads, and the files that its lines go to.
#ifndef FLEET_NODE_AGENT_LOG_SOURCE_H_
#define FLEET_NODE_AGENT_LOG_SOURCE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/keeper_client.h"
#include "node_agent/log_file.h"
#include "node_agent/log_line_format.h"
#include "node_agent/log_origin.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// Plain; PipeLogPump's.
struct LogSource {
  struct Sink {
    LogFile* file;
    LogFile::Writer writer;
    bool ready = false;  // For the batch at hand.
  };

  LogSource(WorkerId its_owner, LogOrigin its_origin, UniqueFd its_pipe,
            LogLineFormat its_format)
      : owner(its_owner),
        origin(std::move(its_origin)),
        pipe(std::move(its_pipe)),
        format(std::move(its_format)) {}

  const WorkerId owner;
  const LogOrigin origin;
  const UniqueFd pipe;
  LogLineFormat format;
  std::vector<Sink> sinks;  // At most LogTransit::kMaxTargets; none: disabled.

  // It holds only what has to wait there, since then.
  bool parked = false;
  absl::Time parked_since;
  // Its writer writes little and often: it is looked at by the clock.
  bool paced = false;
  int quick_turns = 0;
  absl::Time last_turn = absl::InfinitePast();
  size_t capacity = 0;  // Of the pipe.
  bool widened = false;

  // The bytes go into one file as they are.
  bool direct() const { return sinks.size() == 1 && format.raw(); }
  // Only whole lines may be written, as others write there too, or as text is
  // made of them.
  bool by_lines() const {
    if (!format.raw()) return true;
    for (const Sink& sink : sinks) {
      if (sink.file->shared()) return true;
    }
    return false;
  }
  // Nobody can read it from a file afterwards.
  bool unkept() const { return sinks.empty() || !sinks[0].file->regular(); }
  bool InLineOfAnother() const {
    for (const Sink& sink : sinks) {
      if (sink.file->InLineOfAnother(sink.writer)) return true;
    }
    return false;
  }
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_SOURCE_H_
