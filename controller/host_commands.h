// One-shot commands to hosts, and what they answer.
#ifndef FLEET_CONTROLLER_HOST_COMMANDS_H_
#define FLEET_CONTROLLER_HOST_COMMANDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "controller/agent_sessions.h"
#include "fleet/v1/agent_service.pb.h"
#include "proto/rpc/event_loop.h"

namespace fleet::controller {

// Sends one command to several hosts and gathers their results. A host that is
// not connected, is lost before it has answered, or does not answer in time
// counts as having answered with an error; nothing is sent twice. Loop thread
// only. At most kMaxRuns at a time.
class HostCommands {
 public:
  static constexpr size_t kMaxRuns = 1000;
  static constexpr absl::Duration kLimit = absl::Seconds(10);

  // By host: each has a result.
  using Results = std::map<std::string, v1::CommandResult>;
  using Done = std::function<void(const Results&)>;

  // All must outlive it.
  HostCommands(EventLoop& loop, AgentSessions& sessions)
      : loop_(loop), sessions_(sessions) {}
  ~HostCommands();
  HostCommands(const HostCommands&) = delete;
  HostCommands& operator=(const HostCommands&) = delete;

  // `command` needs no id and no expiry. `done` is called once, from the loop,
  // not later than `limit` from now; not when this ends before.
  // RESOURCE_EXHAUSTED: too many are under way.
  absl::Status Run(const std::vector<std::string>& hosts, v1::Command command,
                   absl::Duration limit, Done done);

  // From the sessions.
  void OnResult(const std::string& host, const v1::CommandResult& result);
  void OnHostDisconnected(const std::string& host);

 private:
  struct Entry {
    Results results;
    std::map<std::string, std::string> waiting;  // Host → command id.
    Done done;
    EventLoop::TimerId timer = 0;
  };

  void Send(int64_t run, Entry& entry, const std::string& host,
            v1::Command command);
  void Fail(Entry& entry, const std::string& host, absl::StatusCode code,
            const std::string& why);
  void FinishIfDone(int64_t run);
  void OnLimit(int64_t run);

  EventLoop& loop_;
  AgentSessions& sessions_;
  int64_t next_run_ = 1;
  std::map<int64_t, Entry> runs_;
  std::map<std::string, int64_t> by_command_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HOST_COMMANDS_H_
