// What a worker has written to its outputs.
#ifndef FLEET_NODE_AGENT_LOG_COUNTERS_H_
#define FLEET_NODE_AGENT_LOG_COUNTERS_H_

#include <cstdint>
#include <string>

namespace fleet::agent {

// Of one worker, both streams, since this agent has it.
struct LogCounters {
  int64_t bytes = 0;  // That it wrote.
  int64_t lost_bytes = 0;
  // Readings that found a pipe full: the worker waited for us, or was about
  // to.
  int64_t full_pipes = 0;
  // What is wrong with its files now, for people; empty: nothing.
  std::string problem;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_COUNTERS_H_
