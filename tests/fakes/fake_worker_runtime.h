// A runtime whose workers do what a test says.
#ifndef FLEET_TESTS_FAKES_FAKE_WORKER_RUNTIME_H_
#define FLEET_TESTS_FAKES_FAKE_WORKER_RUNTIME_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node_agent/worker_runtime.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Records what it is asked for; events come when a test calls one of the
// methods below, from the loop as the real ones do.
class FakeWorkerRuntime : public WorkerRuntime {
 public:
  struct FakeWorker {
    WorkerIdentity identity;
    std::shared_ptr<const AppSpec> spec;
    bool stopping = false;
    bool killed = false;
  };

  explicit FakeWorkerRuntime(EventLoop& loop) : loop_(loop) {}

  // ------------------------------------------------------ what a test does
  // What Adopt gives.
  void AddAdopted(AdoptedWorker worker) {
    adopted_.push_back(std::move(worker));
  }
  void SetSocketStatus(absl::Status status) { sockets_ = std::move(status); }
  // Workers start and are ready by themselves, and end when they are told to.
  void SetObliging(bool obliging) { obliging_ = obliging; }

  void Started(WorkerId id) {
    Post([this, id] { listener_->OnStarted(id, PidOf(id)); });
  }
  void Ready(WorkerId id, bool ready = true) {
    Post([this, id, ready] { listener_->OnReadiness(id, ready, ""); });
  }
  void End(WorkerId id, const WorkerExit& exit) {
    Post([this, id, exit] {
      if (!workers_.contains(id)) return;
      listener_->OnExited(id, exit);
      workers_.erase(id);
      listener_->OnGone(id);
    });
  }
  // The main process alone ends; the rest of its tree lives until Gone.
  void Exit(WorkerId id, const WorkerExit& exit) {
    Post([this, id, exit] { listener_->OnExited(id, exit); });
  }
  void Gone(WorkerId id) {
    Post([this, id] {
      workers_.erase(id);
      listener_->OnGone(id);
    });
  }
  static pid_t PidOf(WorkerId id) { return static_cast<pid_t>(10000 + id); }

  const std::map<WorkerId, FakeWorker>& workers() const { return workers_; }
  // The live workers of an app that nobody has told to end, as
  // "slot@generation".
  std::set<std::string> Serving(const std::string& app) const {
    std::set<std::string> serving;
    for (const auto& [id, worker] : workers_) {
      if (worker.identity.app != app || worker.stopping) continue;
      serving.insert(std::to_string(worker.identity.slot) + "@" +
                     std::to_string(worker.identity.generation));
    }
    return serving;
  }
  int starts() const { return starts_; }
  const std::vector<std::string>& released() const { return released_; }
  // Signals and messages, as "slot text".
  const std::vector<std::string>& told() const { return told_; }
  void SetSendStatus(absl::Status status) { send_status_ = std::move(status); }

  // ---------------------------------------------------------- WorkerRuntime
  void SetListener(WorkerListener* listener) override { listener_ = listener; }

  std::vector<AdoptedWorker> Adopt(SpecOf spec_of, void* context) override {
    for (const AdoptedWorker& worker : adopted_) {
      FakeWorker& fake = workers_[worker.identity.id];
      fake.identity = worker.identity;
      fake.spec = spec_of(context, worker.identity);
    }
    return adopted_;
  }

  absl::Status PrepareSockets(const std::string&, const AppSpec&,
                              int) override {
    return sockets_;
  }

  void Start(const WorkerIdentity& identity,
             std::shared_ptr<const AppSpec> spec, int) override {
    ++starts_;
    workers_[identity.id] = {identity, std::move(spec), false, false};
    if (!obliging_) return;
    Started(identity.id);
    Ready(identity.id);
  }

  void BeginStop(WorkerId id) override {
    workers_.at(id).stopping = true;
    if (obliging_) End(id, {WorkerExit::Kind::kSignaled, 15, "SIGTERM"});
  }

  void Signal(WorkerId id, int signal) override {
    told_.push_back(std::to_string(workers_.at(id).identity.slot) + " signal " +
                    std::to_string(signal));
  }
  absl::Status Send(WorkerId id, const std::string& text) override {
    if (!send_status_.ok()) return send_status_;
    told_.push_back(std::to_string(workers_.at(id).identity.slot) + " " + text);
    return absl::OkStatus();
  }

  void CallAction(WorkerId id, const ActionRequest& request,
                  ActionDone done) override {
    told_.push_back(std::to_string(workers_.at(id).identity.slot) + " action " +
                    request.action);
    Post([this, done = std::move(done)] { done(action_result_); });
  }
  void SetActionResult(absl::StatusOr<std::string> result) {
    action_result_ = std::move(result);
  }

  std::vector<Fact> Inspect(WorkerId id) override {
    return {{"pid", std::to_string(PidOf(id))}};
  }

  void Kill(WorkerId id) override {
    workers_.at(id).stopping = workers_.at(id).killed = true;
    End(id, {WorkerExit::Kind::kSignaled, 9, "SIGKILL"});
  }

  void ReleaseSlot(const std::string& app_uid, int slot) override {
    released_.push_back(app_uid + "/" + std::to_string(slot));
  }
  void ReleaseApp(const std::string& app_uid) override {
    released_.push_back(app_uid);
  }

  std::vector<LimitNote> LimitsOf(const AppSpec&) override { return {}; }

  std::vector<std::string> StderrTail(WorkerId, int) const override {
    return {"last words"};
  }

  std::vector<WorkerSample> Sample() override {
    std::vector<WorkerSample> samples;
    for (const auto& [id, worker] : workers_) {
      WorkerSample sample;
      sample.id = id;
      sample.rss_bytes = 1 << 20;
      sample.cpu_cores = 0.5;
      samples.push_back(sample);
    }
    return samples;
  }

 private:
  void Post(EventLoop::Task task) {
    loop_.Post([this, task = std::move(task)] {
      if (listener_ != nullptr) task();
    });
  }

  EventLoop& loop_;
  WorkerListener* listener_ = nullptr;
  std::map<WorkerId, FakeWorker> workers_;
  std::vector<AdoptedWorker> adopted_;
  std::vector<std::string> released_;
  std::vector<std::string> told_;
  absl::Status send_status_;
  absl::StatusOr<std::string> action_result_ = "null";
  absl::Status sockets_;
  bool obliging_ = false;
  int starts_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_FAKES_FAKE_WORKER_RUNTIME_H_
