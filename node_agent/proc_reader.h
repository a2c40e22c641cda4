// Reads what /proc says about processes.
#ifndef FLEET_NODE_AGENT_PROC_READER_H_
#define FLEET_NODE_AGENT_PROC_READER_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::agent {

// Fields of /proc/PID/stat (proc(5)).
struct ProcStat {
  pid_t pid = 0;
  char state = '?';
  pid_t ppid = 0;
  pid_t pgrp = 0;
  pid_t session = 0;
  uint64_t start_ticks = 0;

  int threads = 0;

  // The first thread of a process may have ended alone, and the others go on.
  bool Lives() const { return (state != 'Z' && state != 'X') || threads > 1; }
};

// Pure: parses one line of /proc/PID/stat.
std::optional<ProcStat> ParseProcStat(std::string_view line);

// Thread-safe functions of the file system. A process that is gone gives an
// empty answer.

std::optional<ProcStat> ReadProcStat(pid_t pid);
// The value of `name` in the environment that `pid` was started with.
std::optional<std::string> ReadProcEnviron(pid_t pid, std::string_view name);
// Children of all threads of `pid`; a zombie is one. Complete for children
// that live during the call, also while others are reaped.
std::vector<pid_t> ReadProcChildren(pid_t pid);
// All processes of the system.
std::vector<pid_t> ReadAllPids();

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROC_READER_H_
