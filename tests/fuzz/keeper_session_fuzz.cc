// What an agent, or whoever has become one, sends to the keeper: packets, each
// with a descriptor when the first bit of the byte before it is set. No process
// is started: StartChild looks at what it is given, here.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "node_agent/keeper/agent_session.h"
#include "node_agent/keeper/child.h"
#include "node_agent/keeper/packet_socket.h"
#include "node_agent/keeper/stderr_line.h"
#include "tests/fuzz/input.h"

namespace fleet::keeper {
namespace {

size_t touched = 0;

void TouchAll(char** texts) {
  for (; *texts != nullptr; ++texts) touched += strlen(*texts);
}

struct Keeper {
  ProcessTable processes;
  FdStore store;
};

// Forgets all that a run has left, with its descriptors.
void Empty(Keeper& keeper) {
  for (size_t i = 0; i < keeper.processes.limit(); ++i) {
    Process* process = keeper.processes.at(i);
    if (!process->used) continue;
    if (process->pidfd >= 0) close(process->pidfd);
    process->pidfd = -1;
    keeper.processes.Remove(process);
  }
  for (size_t i = 0; i < keeper.store.limit(); ++i) {
    const FdStore::Entry& entry = keeper.store.at(i);
    if (entry.name != nullptr) keeper.store.Drop(entry.name, entry.size);
  }
}

}  // namespace

ChildResult StartChild(const ChildSpec& spec) {
  touched += strlen(spec.executable) + strlen(spec.cwd);
  TouchAll(spec.argv);
  TouchAll(spec.envp);
  for (size_t i = 0; i < spec.n_groups; ++i) touched += spec.groups[i];
  if (spec.confinement != nullptr) {
    for (size_t i = 0; i < spec.confinement->fixed.n_cgroups; ++i) {
      touched += strlen(spec.confinement->cgroups[i]);
    }
    for (size_t i = 0; i < spec.confinement->fixed.n_read_only; ++i) {
      touched += strlen(spec.confinement->read_only[i]);
    }
  }
  if (spec.uid % 2 == 1) return {-1, -1, "exec", ENOENT};
  return {1, open("/dev/null", O_RDONLY | O_CLOEXEC), nullptr, 0};
}

// It would say so of nearly every input.
void StderrLine(const char* /*format*/, ...) {}

}  // namespace fleet::keeper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fleet::keeper;
  static auto* keeper = new Keeper();  // All zero, as the keeper's is.
  static const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                 ends) != 0) {
    return 0;
  }
  const rlimit nofile{1024, 1024};
  AgentSession session(keeper->processes, keeper->store, nofile);
  session.SetWatchPidfd([](void*, size_t, int) {}, nullptr);
  session.Attach(ends[0]);
  const Hello hello{HeaderOf(Type::kHello), kMagic, kVersion, {}};
  SendPacket(ends[1], &hello, sizeof hello, nullptr, 0, -1);
  fleet::fuzz::Input input(data, size);
  AgentSession::Result result = AgentSession::Result::kOk;
  while (!input.empty() && result <= AgentSession::Result::kIdle) {
    const int fd = (input.Byte() & 1) != 0 ? null : -1;
    const std::string_view packet = input.Piece();
    if (SendPacket(ends[1], packet.data(), packet.size(), nullptr, 0, fd) !=
        SendResult::kSent) {
      break;
    }
    result = session.Receive();
    if (session.Send() == AgentSession::Result::kClosed) break;
    static Packet answer;
    while (ReceivePacket(ends[1], answer) == ReceiveResult::kPacket) {
      answer.CloseFds();
    }
  }
  session.Detach();
  close(ends[1]);
  Empty(*keeper);
  return 0;
}
