// CPU, memory and more of the workers' processes and of the machine.
#ifndef FLEET_NODE_AGENT_PROCESS_SAMPLER_H_
#define FLEET_NODE_AGENT_PROCESS_SAMPLER_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/process_tree.h"
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

// Of each worker the whole tree. Two descriptors a worker are kept open (stat
// and children of its main process) and one for each further process, so that a
// sample of a worker of one process costs two preads and one clock_gettime:
// about 5 µs. Which processes belong to it is found out when the children of
// the main process have changed, and every kSamplesPerLook samples; open
// descriptors are counted then too. PSS, which is dear, is read of at most one
// process a sample, and of none beyond kMaxPssRss.
//
// The runtime and the session use it. Loop thread only.
class ProcessSampler {
 public:
  static constexpr int kSamplesPerLook = 15;
  static constexpr absl::Duration kPssAge = absl::Minutes(5);
  static constexpr int64_t kMaxPssRss = 256 << 20;

  // What belongs to a worker now, the main process first when it lives.
  using TreeOf = std::function<std::vector<ProcessRef>(WorkerId id)>;
  // CPU time of all that ever belonged to it; nothing: to be summed up from the
  // processes.
  using CpuOf = std::function<std::optional<absl::Duration>(WorkerId id)>;

  ProcessSampler();

  // Samples the worker from now on; one that has ended is left out silently.
  void Add(WorkerId id, const ProcessRef& main, absl::Time now);
  void Remove(WorkerId id);

  // CPU since the last call, or since Add.
  std::vector<WorkerSample> Sample(absl::Time now, const TreeOf& tree_of,
                                   const CpuOf& cpu_of);
  HostSample SampleHost(absl::Time now);

  // Resident memory of any process; 0 when it is gone.
  static int64_t ReadRss(pid_t pid);

 private:
  struct Member {
    ProcessRef process;
    UniqueFd stat;
  };
  struct Tree {
    std::vector<Member> members;  // The main process first.
    UniqueFd children;            // Of the main process; may be none.
    std::string children_text;
    int samples_to_look = 0;
    absl::Duration cpu;  // Of all members, as of `at`.
    absl::Time at;
    int open_files = -1;  // Not counted yet.
    int64_t pss_bytes = 0;
    absl::Time pss_at = absl::InfinitePast();
  };

  // True: Look.
  bool HasChanged(Tree& tree) const;
  // Brings the members up to date. CPU of those that are found late, so that it
  // is not taken for used just now.
  absl::Duration Look(Tree& tree, const std::vector<ProcessRef>& processes);
  std::optional<WorkerSample> SampleTree(WorkerId id, Tree& tree,
                                         absl::Time now, const TreeOf& tree_of,
                                         const CpuOf& cpu_of);
  void ReadOnePss(std::vector<WorkerSample>& samples, absl::Time now);

  std::map<WorkerId, Tree> trees_;
  WorkerId last_pss_ = 0;
  UniqueFd meminfo_;
  UniqueFd loadavg_;
  UniqueFd stat_;
  int64_t busy_ticks_ = -1;
  absl::Time host_at_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROCESS_SAMPLER_H_
