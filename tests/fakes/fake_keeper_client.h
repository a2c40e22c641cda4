// A keeper in the test's own process.
#ifndef FLEET_TESTS_FAKES_FAKE_KEEPER_CLIENT_H_
#define FLEET_TESTS_FAKES_FAKE_KEEPER_CLIENT_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node_agent/keeper_client.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Really starts processes (fork, setpgid, dup2, execve) as children of the
// test, reaps them by pidfd from the loop, and holds descriptors in a map. Its
// destructor kills and reaps every process that still lives.
//
// TakeInventory gives what a second agent would be given, as if the first had
// been killed: set events of that one and go on. Loop thread only.
class FakeKeeperClient : public KeeperClient {
 public:
  explicit FakeKeeperClient(EventLoop& loop);
  ~FakeKeeperClient() override;
  FakeKeeperClient(const FakeKeeperClient&) = delete;
  FakeKeeperClient& operator=(const FakeKeeperClient&) = delete;

  void SetEvents(Events* events) override { events_ = events; }
  void Spawn(SpawnRequest request) override;
  void Signal(WorkerId id, int signal, bool group) override;
  void SetMain(WorkerId id, pid_t pid, uint64_t start_ticks) override;
  void AckExit(WorkerId id) override;
  void Hold(const std::string& name, int fd) override;
  void Drop(const std::string& name) override;
  pid_t keeper_pid() const override;
  std::string keeper_version() const override { return "fake"; }

  // From now on: of every process that ends, as a keeper that knows it.
  void SayTreesGone() { trees_gone_ = true; }
  // While frozen it hears nothing: an agent that is destroyed then is like
  // one that was killed.
  void Freeze(bool frozen) { frozen_ = frozen; }
  Inventory TakeInventory() const;
  std::vector<std::string> held_names() const;
  // Names that begin with `prefix`.
  int CountHeld(const std::string& prefix) const;
  // Processes not yet acknowledged.
  size_t processes() const { return processes_.size(); }

 private:
  struct Process {
    std::string tag;
    pid_t pid = 0;
    uint64_t start_ticks = 0;
    UniqueFd pidfd;
    bool ended = false;
    ProcessExit exit;
    std::vector<std::string> held;
  };

  void OnEnded(WorkerId id);
  void Reap(Process& process);

  EventLoop& loop_;
  Events* events_ = nullptr;
  bool frozen_ = false;
  bool trees_gone_ = false;
  std::map<WorkerId, Process> processes_;
  std::map<std::string, UniqueFd> held_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_FAKES_FAKE_KEEPER_CLIENT_H_
