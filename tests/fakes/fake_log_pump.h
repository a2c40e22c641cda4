// A log pump that keeps everything in memory.
#ifndef FLEET_TESTS_FAKES_FAKE_LOG_PUMP_H_
#define FLEET_TESTS_FAKES_FAKE_LOG_PUMP_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "node_agent/log_pump.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Reads the pipes as they fill. Loop thread only.
class FakeLogPump : public LogPump {
 public:
  explicit FakeLogPump(EventLoop& loop) : loop_(loop) {}
  ~FakeLogPump() override;
  FakeLogPump(const FakeLogPump&) = delete;
  FakeLogPump& operator=(const FakeLogPump&) = delete;

  void Add(WorkerId owner, const std::string& app, int slot,
           LogStreamKind stream, const LogPolicy& policy,
           UniqueFd pipe) override;
  void ReadNow(WorkerId owner) override;
  void Finish(WorkerId owner) override;
  std::vector<std::string> StderrTail(WorkerId owner, int lines) const override;
  LogCounters Counters(WorkerId) const override { return {}; }
  std::string Problem(const std::string&) const override { return ""; }
  void Forget(WorkerId owner) override { forgotten_.push_back(owner); }
  void SetWatcher(Watcher) override {}
  void FlushTimes() override {}
  LogFilesDone Empty(const std::vector<std::string>&) override { return {}; }
  void SetOutputWatcher(OutputWatcher) override {}
  std::vector<std::string> AppsWithoutFiles(
      const std::vector<std::string>&) const override {
    return {};
  }
  LogFilesDone Reopen(const std::vector<std::string>&) override { return {}; }

  // All a worker has written, also after it is gone.
  std::string Text(WorkerId owner, LogStreamKind stream) const;
  const std::vector<WorkerId>& forgotten() const { return forgotten_; }

 private:
  using Key = std::pair<WorkerId, LogStreamKind>;

  // False: the end of the pipe.
  bool ReadSome(const Key& key, int fd);
  void Close(const Key& key);

  EventLoop& loop_;
  std::map<Key, UniqueFd> pipes_;
  std::map<Key, std::string> text_;
  std::vector<WorkerId> forgotten_;
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_FAKES_FAKE_LOG_PUMP_H_
