#include "node_agent/host_facts.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace fleet::agent {

HostFacts ReadHostFacts() {
  HostFacts facts;
  utsname name;
  if (uname(&name) == 0) {
    facts.host_name = name.nodename;
    facts.host_name = facts.host_name.substr(0, facts.host_name.find('.'));
    facts.kernel = std::string(name.sysname) + " " + name.release;
  }
  std::ifstream("/proc/sys/kernel/random/boot_id") >> facts.boot_id;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    facts.cores = std::max(1, CPU_COUNT(&set));
  }
  facts.memory_bytes =
      static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return facts;
}

}  // namespace fleet::agent
