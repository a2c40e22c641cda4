// An agent for the keeper's tests: says on stdout what it finds, one line
// each, and ends on SIGTERM with code 0 after its workers. With an empty
// keeper it starts a worker and leaves a pipe there; the first argument may
// then make it misbehave.
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "node_agent/keeper_connection.h"

namespace fleet::agent {
namespace {

class TestAgent : public KeeperClient::Events {
 public:
  TestAgent(KeeperConnection& keeper, int fd, std::string mischief)
      : keeper_(keeper), fd_(fd), mischief_(std::move(mischief)) {}

  void Begin() {
    keeper_.SetEvents(this);
    Inventory inventory = keeper_.TakeInventory();
    for (const auto& held : inventory.held) {
      char text[32] = {};
      ssize_t n = read(held.fd.get(), text, sizeof text - 1);
      std::printf("held %s %s\n", held.name.c_str(), n > 0 ? text : "");
    }
    for (const auto& process : inventory.processes) {
      std::printf("found %s %d %s %d %d\n", process.tag.c_str(), process.pid,
                  process.is_child ? "child" : "stranger",
                  process.ended ? 1 : 0, process.exit.value);
      if (process.ended) {
        keeper_.AckExit(process.id);
      } else {
        worker_ = process.id;
      }
    }
    if (inventory.processes.empty()) StartWorker();
    std::fflush(stdout);
  }

  void End() {
    std::printf("stopping\n");
    std::fflush(stdout);
    if (worker_ == 0 || mischief_ == "careless") std::exit(0);
    stopping_ = true;
    keeper_.Signal(worker_, SIGKILL, false);
  }

  void OnSpawned(WorkerId, pid_t pid, uint64_t) override {
    std::printf("spawned %d\n", pid);
    std::fflush(stdout);
    Misbehave();
  }
  void OnSpawnFailed(WorkerId, const std::string& step, int) override {
    std::printf("failed %s\n", step.c_str());
    std::fflush(stdout);
  }
  void OnExited(WorkerId id, ProcessExit exit) override {
    std::printf("exited %d\n", exit.value);
    std::fflush(stdout);
    if (stopping_) {
      keeper_.AckExit(id);
      std::exit(0);
    }
  }

 private:
  void StartWorker() {
    int pipe_fds[2];
    if (pipe(pipe_fds) != 0 || write(pipe_fds[1], "kept", 4) != 4) abort();
    keeper_.Hold("pipe", pipe_fds[0]);
    worker_ = 7;
    SpawnRequest request;
    request.id = worker_;
    request.tag = "web";
    request.executable = "/bin/sleep";
    request.argv = {"sleep", "600"};
    keeper_.Spawn(request);
  }

  void Misbehave() {
    std::string junk;
    if (mischief_ == "truncated") junk = "x";
    if (mischief_ == "unknown") junk = std::string(16, '\x33');
    if (mischief_ == "oversized") junk = std::string(100000, '\x01');
    if (mischief_ == "cut-spawn") junk = std::string(1, '\x02') + "1234567890";
    if (!junk.empty()) send(fd_, junk.data(), junk.size(), 0);
  }

  KeeperConnection& keeper_;
  int fd_;
  std::string mischief_;
  WorkerId worker_ = 0;
  bool stopping_ = false;
};

int Main(int argc, char** argv) {
  std::string mischief = argc > 1 ? argv[1] : "";
  if (mischief == "config-error") return 78;
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, nullptr);
  int signals = signalfd(-1, &term, SFD_CLOEXEC);
  SystemClock clock;
  EventLoop loop(clock);
  KeeperOptions options;
  // The agent's own folder is the second argument.
  options.state_dir = argc > 2 ? argv[2] : "/nonexistent";
  options.keeper_binary = "/bin/false";  // Others come by themselves.
  options.fd = std::atoi(std::getenv("FLEET_KEEPER_FD"));
  auto keeper = KeeperConnection::Connect(loop, options);
  if (!keeper.ok()) {
    std::fprintf(stderr, "%s\n", keeper.status().ToString().c_str());
    return 1;
  }
  TestAgent agent(**keeper, options.fd, mischief);
  loop.AddFd(signals, 1, [&](uint32_t) {
    signalfd_siginfo info;
    if (read(signals, &info, sizeof info) == sizeof info) agent.End();
  });
  agent.Begin();
  int64_t lost = 0;
  while (true) {
    loop.RunOnce(absl::Seconds(1));
    if ((*keeper)->keepers_lost() == lost || !(*keeper)->connected()) continue;
    lost = (*keeper)->keepers_lost();
    std::printf("handed over\n");
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace fleet::agent

int main(int argc, char** argv) { return fleet::agent::Main(argc, argv); }
