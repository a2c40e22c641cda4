// A runtime with a fake keeper and real workers, for tests.
#ifndef FLEET_TESTS_NODE_AGENT_WORKER_BENCH_H_
#define FLEET_TESTS_NODE_AGENT_WORKER_BENCH_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node_agent/local_worker_runtime.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"
#include "tests/fakes/fake_keeper_client.h"
#include "tests/fakes/fake_log_pump.h"

namespace fleet::agent {

// Writes down what the runtime tells.
class RecordingListener : public WorkerListener {
 public:
  struct Seen {
    pid_t pid = 0;
    bool ready = false;
    int ready_changes = 0;
    std::string detail;
    std::string status_text;
    std::string unhealthy;
    absl::Duration extension;
    bool exited = false;
    WorkerExit exit;
    bool gone = false;
  };

  void OnStarted(WorkerId id, pid_t pid) override { seen[id].pid = pid; }
  void OnReadiness(WorkerId id, bool ready,
                   const std::string& detail) override {
    seen[id].ready = ready;
    seen[id].detail = detail;
    ++seen[id].ready_changes;
  }
  void OnReadinessDetail(WorkerId id, const std::string& detail) override {
    seen[id].detail = detail;
  }
  void OnStatusText(WorkerId id, const std::string& text) override {
    seen[id].status_text = text;
  }
  void OnUnhealthy(WorkerId id, const std::string& why) override {
    seen[id].unhealthy = why;
  }
  void OnExtend(WorkerId id, absl::Duration extension) override {
    seen[id].extension = extension;
  }
  void OnExited(WorkerId id, const WorkerExit& exit) override {
    seen[id].exited = true;
    seen[id].exit = exit;
    if (on_exited) on_exited(id);
  }
  void OnGone(WorkerId id) override { seen[id].gone = true; }

  std::map<WorkerId, Seen> seen;
  std::function<void(WorkerId)> on_exited;
};

// Owns everything; a folder of its own under /tmp. Its destructor ends every
// process.
class WorkerBench {
 public:
  explicit WorkerBench(const std::string& bind_address = "127.0.0.1");
  ~WorkerBench();

  // A file in the folder; its path.
  std::string Write(const std::string& name, const std::string& text) const;
  // A spec of `name` for a script of this folder, defaults filled in.
  AppSpec Spec(const std::string& name, const std::string& script) const;
  WorkerId Start(const AppSpec& spec, int slot, int slots);
  // As if the agent had been killed and started again.
  std::vector<AdoptedWorker> Restart();

  // Runs the loop until `done`, at most 20 s; false: it never was.
  bool Until(const std::function<bool()>& done);
  bool UntilReady(WorkerId id) {
    return Until([this, id] { return seen(id).ready || seen(id).exited; }) &&
           seen(id).ready;
  }
  bool UntilGone(WorkerId id) {
    return Until([this, id] { return seen(id).gone; });
  }
  RecordingListener::Seen& seen(WorkerId id) { return listener.seen[id]; }
  // The TCP port that the workers of app `name` share; 0: none.
  int Port(const std::string& name) const;
  std::string Out(WorkerId id) const {
    return logs->Text(id, LogStreamKind::kOut);
  }
  std::string Err(WorkerId id) const {
    return logs->Text(id, LogStreamKind::kErr);
  }

  SystemClock clock;
  EventLoop loop{clock};
  FakeKeeperClient keeper{loop};
  std::unique_ptr<FakeLogPump> logs;
  RecordingListener listener;
  std::unique_ptr<LocalWorkerRuntime> runtime;
  std::string folder;

 private:
  std::vector<AdoptedWorker> MakeRuntime(Inventory inventory);

  std::string bind_address_;
  std::map<std::string, std::shared_ptr<const AppSpec>> specs_;
  WorkerId next_id_ = 1;
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_NODE_AGENT_WORKER_BENCH_H_
