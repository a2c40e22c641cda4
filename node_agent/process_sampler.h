// CPU and memory of the workers' main processes and of the machine.
#ifndef FLEET_NODE_AGENT_PROCESS_SAMPLER_H_
#define FLEET_NODE_AGENT_PROCESS_SAMPLER_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/unique_fd.h"
#include "node_agent/worker_runtime.h"

namespace fleet::agent {

struct HostSample {
  int cores = 0;
  int64_t memory_bytes = 0;
  // Not available for new programs without swapping.
  int64_t memory_used_bytes = 0;
  double load1 = 0;
  // Cores in use since the last call; 0 at the first.
  double cpu_cores = 0;
};

// One descriptor a process is kept open (its statm), so that a sample costs
// one pread and one clock_gettime: about 1 µs.
//
// The runtime and the session use it. Loop thread only.
class ProcessSampler {
 public:
  ProcessSampler();

  // Samples `pid` from now on; a process that has ended is left out silently.
  void Add(WorkerId id, pid_t pid, absl::Time now);
  void Remove(WorkerId id);

  // CPU since the last call, or since Add.
  std::vector<WorkerSample> Sample(absl::Time now);
  HostSample SampleHost(absl::Time now);

  // Resident memory of any process; 0 when it is gone.
  static int64_t ReadRss(pid_t pid);

 private:
  struct Process {
    pid_t pid = 0;
    UniqueFd statm;
    absl::Duration cpu;
    absl::Time at;
  };

  std::map<WorkerId, Process> processes_;
  UniqueFd meminfo_;
  UniqueFd loadavg_;
  UniqueFd stat_;
  int64_t busy_ticks_ = -1;
  absl::Time host_at_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROCESS_SAMPLER_H_
