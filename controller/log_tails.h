// Everybody who reads logs now, and the hosts that send them.
#ifndef FLEET_CONTROLLER_LOG_TAILS_H_
#define FLEET_CONTROLLER_LOG_TAILS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/agent_sessions.h"
#include "controller/app_registry.h"
#include "controller/caller_view.h"
#include "controller/fleet_state.h"
#include "controller/host_registry.h"
#include "controller/log_tail.h"
#include "fleet/v1/log_service.pb.h"
#include "proto/rpc/event_loop.h"

namespace fleet::controller {

// Whoever reads one tail: the stream of a TailLogs call.
class LogReader {
 public:
  virtual ~LogReader() = default;
  // Next() may have something, or the tail is done. Must not call back.
  virtual void OnLogsReady() = 0;
};

// Asks the hosts with a TailCommand each, and gives what they send to the
// tails. A host that is lost while it is followed is asked again when it is
// back, from where it was. Loop thread only.
//
// Each host may send a window of bytes beyond what the tail's reader has read:
// 16 MiB by the number of hosts, from 16 KiB to 1 MiB. At most 200 tails with
// 256 MiB of windows in all.
class LogTails {
 public:
  // All must outlive it.
  LogTails(EventLoop& loop, AgentSessions& sessions,
           const AppRegistry& registry, const HostRegistry& hosts)
      : loop_(loop), sessions_(sessions), registry_(registry), hosts_(hosts) {}

  // `reader` is told of news until Close; of what `view` sees alone. NOT_FOUND
  // (APP_NOT_FOUND, NO_HOST_MATCHES), INVALID_ARGUMENT, RESOURCE_EXHAUSTED.
  absl::StatusOr<int64_t> Open(const v1::TailLogsRequest& wanted,
                               LogReader& reader, const CallerView& view = {});
  // Tells the hosts to stop.
  void Close(int64_t id);
  // As LogTail. `id` is open.
  std::optional<v1::TailLogsResponse> Next(int64_t id);
  bool Done(int64_t id) const;

  // From the sessions.
  void OnLogChunk(const std::string& host, const v1::LogChunk& chunk);
  void OnCommandResult(const std::string& host,
                       const v1::CommandResult& result);
  void OnHostConnected(const std::string& host);
  void OnHostDisconnected(const std::string& host, const std::string& why);

 private:
  struct Entry {
    std::unique_ptr<LogTail> tail;
    LogReader* reader = nullptr;
    v1::TailCommand command;
    std::set<std::string> hosts;
    std::map<std::string, std::string> commands;  // Host → command id.
    int64_t window = 0;
    absl::Time opened;  // Wall time.
    EventLoop::TimerId wait_timer = 0;
    EventLoop::TimerId order_timer = 0;
  };

  absl::StatusOr<std::set<std::string>> PickHosts(
      const v1::TailLogsRequest& request, const CallerView& view) const;
  // The request with the apps that the caller sees, each by its name.
  absl::StatusOr<v1::TailLogsRequest> Narrow(v1::TailLogsRequest request,
                                             const CallerView& view) const;
  // Uids of the apps a pattern names.
  std::set<std::string> AppsNamed(const std::string& pattern) const;
  absl::Status Reserve(Entry& entry);
  bool Ask(int64_t id, Entry& entry, const std::string& host);
  void AskAgain(int64_t id, Entry& entry, const std::string& host);
  void SendMore(Entry& entry);
  void LookAgainLater(int64_t id, Entry& entry);
  void Lose(Entry& entry, const std::string& host, const std::string& reason);
  void RestartWait(int64_t id, Entry& entry);
  void OnWaitOver(int64_t id);

  EventLoop& loop_;
  AgentSessions& sessions_;
  const AppRegistry& registry_;
  const HostRegistry& hosts_;
  int64_t next_id_ = 1;
  int64_t next_command_ = 1;
  int64_t reserved_ = 0;  // Windows of all tails.
  std::map<int64_t, Entry> tails_;
  std::map<std::string, int64_t> by_command_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_LOG_TAILS_H_
