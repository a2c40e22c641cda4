#include "node_agent/worker_pipes.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

bool MakePipe(UniqueFd* read_end, UniqueFd* write_end) {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  read_end->Reset(ends[0]);
  write_end->Reset(ends[1]);
  return true;
}

bool MakeNonblocking(const UniqueFd& fd) {
  return fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0;
}

bool MakePair(int type, UniqueFd* ours, UniqueFd* theirs) {
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return false;
  }
  ours->Reset(ends[0]);
  theirs->Reset(ends[1]);
  // Node sets the flag on its own end.
  return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

absl::StatusOr<WorkerPipes> MakeWorkerPipes(bool with_channel, bool with_stdin,
                                            bool with_binds) {
  WorkerPipes pipes;
  if (!MakePipe(&pipes.out_read, &pipes.out_write) ||
      !MakeNonblocking(pipes.out_read) ||
      !MakePipe(&pipes.err_read, &pipes.err_write) ||
      !MakeNonblocking(pipes.err_read)) {
    return ErrnoStatus(errno, "cannot make a pipe for a worker's output");
  }
  // The worker's end blocks: a program that reads a line waits for it.
  if (with_stdin && (!MakePipe(&pipes.in_read, &pipes.in_write) ||
                     !MakeNonblocking(pipes.in_write))) {
    return ErrnoStatus(errno, "cannot make a pipe for a worker's input");
  }
  if (with_channel &&
      !MakePair(SOCK_STREAM, &pipes.channel, &pipes.child_channel)) {
    return ErrnoStatus(errno, "cannot make a worker's IPC channel");
  }
  if (with_binds &&
      !MakePair(SOCK_SEQPACKET, &pipes.binds, &pipes.child_binds)) {
    return ErrnoStatus(errno, "cannot make the way of a worker's bind() calls");
  }
  return pipes;
}

}  // namespace fleet::agent
