// Everything that a worker touches of this machine: processes, sockets, Node's
// channels, readiness probes, log pipes. It carries out and reports; what to
// start and stop, and when, is decided elsewhere (app_reconciler.h).
#ifndef FLEET_NODE_AGENT_WORKER_RUNTIME_H_
#define FLEET_NODE_AGENT_WORKER_RUNTIME_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "node_agent/action_calls.h"
#include "node_agent/keeper_client.h"
#include "node_agent/log_counters.h"
#include "node_agent/worker_facts.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// Which worker of which app; constant for the worker's life, and found again
// after the agent's death (it is the keeper's tag).
struct WorkerIdentity {
  WorkerId id = 0;
  std::string app_uid;
  std::string app;
  int slot = 0;
  // Which of the slot's sockets it has (slot_lane.h); the runtime's choice.
  int lane = 0;
  int64_t generation = 0;
  int64_t revision = 0;
  absl::Time start_time;  // Wall time.
};

struct WorkerExit {
  enum class Kind {
    kExited,
    kSignaled,
    // It ended while no parent of ours lived.
    kUnknown,
    // It never ran: no such script, interpreter, user, folder …
    kStartFailed,
    // An address of the app could not be opened.
    kListenFailed,
  };
  Kind kind = Kind::kUnknown;
  int value = 0;        // Exit code or signal.
  std::string message;  // "exit code 1", "SIGSEGV", or the error in full.
};

// Called from the loop, never from inside a call of WorkerRuntime.
class WorkerListener {
 public:
  virtual ~WorkerListener() = default;
  virtual void OnStarted(WorkerId id, pid_t pid) = 0;
  // The readiness gate of the spec holds, or no longer does. `detail` is the
  // last answer, e.g. "GET /health on port 3000: 503".
  virtual void OnReadiness(WorkerId id, bool ready,
                           const std::string& detail) = 0;
  // What the gate waits for has changed, e.g. the probe's answer.
  virtual void OnReadinessDetail(WorkerId id, const std::string& detail) = 0;
  virtual void OnStatusText(WorkerId id, const std::string& text) = 0;
  // It lives and does not serve: its liveness gate or watchdog says so. Once.
  virtual void OnUnhealthy(WorkerId id, const std::string& why) = 0;
  // It asks for so much more time to get ready, or to end.
  virtual void OnExtend(WorkerId id, absl::Duration extension) = 0;
  // The main process has ended, or was never started.
  virtual void OnExited(WorkerId id, const WorkerExit& exit) = 0;
  // After OnExited: no process of its tree lives, all it wrote is in its log
  // files, and the id is forgotten.
  virtual void OnGone(WorkerId id) = 0;
};

// Of a worker's whole tree.
struct WorkerSample {
  WorkerId id = 0;
  int64_t rss_bytes = 0;
  double cpu_cores = 0;
  int processes = 0;
  int threads = 0;
  int open_files = 0;
  int64_t pss_bytes = 0;  // Of the main process; 0: not known.
  std::optional<double> event_loop_free;
  LogCounters logs;
};

// How a limit of a spec is kept (fleet/v1/app.proto, LimitStatus).
struct LimitNote {
  std::string limit;
  std::string enforced_by;
  std::string note;

  bool operator==(const LimitNote&) const = default;
};

// A worker that lived on while no agent did.
struct AdoptedWorker {
  WorkerIdentity identity;
  pid_t pid = 0;
  bool ready = false;     // Known from its channel's state; probes run anew.
  bool stopping = false;  // An agent before us has asked it to end.
  // Steady time, as the kernel knows it; InfinitePast: not known.
  absl::Time started_at = absl::InfinitePast();
};

// Loop thread only; nothing blocks longer than a system call on local files.
class WorkerRuntime {
 public:
  virtual ~WorkerRuntime() = default;

  virtual void SetListener(WorkerListener* listener) = 0;

  // Takes over what the keeper's inventory holds. Once, before all else. A
  // process that ended meanwhile is reported by OnExited and OnGone later.
  // `spec_of` gives the spec that a worker was started with, or nullptr: then
  // the worker is stopped at once.
  using SpecOf = std::shared_ptr<const AppSpec> (*)(void* context,
                                                    const WorkerIdentity&);
  virtual std::vector<AdoptedWorker> Adopt(SpecOf spec_of, void* context) = 0;

  // Opens the app's declared addresses for `slots` slots, or says which one it
  // cannot and who has it. Idempotent; more or fewer slots later.
  virtual absl::Status PrepareSockets(const std::string& app_uid,
                                      const AppSpec& spec, int slots) = 0;

  // Starts a worker. Failure comes as OnExited(kStartFailed) and OnGone.
  virtual void Start(const WorkerIdentity& identity,
                     std::shared_ptr<const AppSpec> spec, int slots) = 0;
  // Asks it to end, in the way of its spec. Once; SIGKILL is the caller's.
  virtual void BeginStop(WorkerId id) = 0;
  // Sends a signal to its main process; it is not asked to end.
  virtual void Signal(WorkerId id, int signal) = 0;
  // Gives it a message (fleet.v1.SendCommand says how). FAILED_PRECONDITION
  // when it cannot be given one, INVALID_ARGUMENT, RESOURCE_EXHAUSTED when it
  // does not read.
  virtual absl::Status Send(WorkerId id, const std::string& text) = 0;
  // Asks a Node worker for a custom action (@pm2/io).
  virtual void CallAction(WorkerId id, const ActionRequest& request,
                          ActionDone done) = 0;
  // What there is to know of it now; costs up to some milliseconds.
  virtual std::vector<Fact> Inspect(WorkerId id) = 0;
  // SIGKILL to its whole tree, also to what left its session.
  virtual void Kill(WorkerId id) = 0;

  // The slot, or the app, is not coming back: its sockets are closed once
  // their queues are empty.
  virtual void ReleaseSlot(const std::string& app_uid, int slot) = 0;
  virtual void ReleaseApp(const std::string& app_uid) = 0;

  // What enforces each limit and hardening that the spec asks for.
  virtual std::vector<LimitNote> LimitsOf(const AppSpec& spec) = 0;

  // Last lines of its stderr, oldest first; also after its exit, until OnGone.
  virtual std::vector<std::string> StderrTail(WorkerId id, int lines) const = 0;
  // Of every live worker, since the last call.
  virtual std::vector<WorkerSample> Sample() = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_RUNTIME_H_
