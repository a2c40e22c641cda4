// A bind() call that waits for the agent's answer (seccomp_unotify(2)).
#ifndef FLEET_NODE_AGENT_BIND_NOTICE_H_
#define FLEET_NODE_AGENT_BIND_NOTICE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "node_agent/listen_address.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// The caller stands still until one of the three answers has been given, or it
// is killed; an answer to one that has gone fails without harm. What is read of
// the caller is read before IsValid is asked, so that it is the caller's and
// not that of a process which got its number.
//
// Loop thread only. Calls take some microseconds.
class BindNotice {
 public:
  // The next one that waits at `listener`, which poll() says is readable.
  // Nothing: it has gone again.
  static std::optional<BindNotice> Receive(int listener);

  // A thread's number.
  pid_t caller() const { return caller_; }
  // What it wants to bind; size 0: not readable, or too short to be one.
  const SocketAddress& address() const { return address_; }
  // A duplicate of the socket it wants to bind; invalid: there is none, or the
  // agent may not look (errno says). Changing its flags changes the caller's.
  UniqueFd Socket() const;
  // The caller's descriptor is closed on exec.
  bool CloseOnExec() const;
  // The call still waits.
  bool IsValid() const;

  // The caller's descriptor is `socket` from now on, and its call has
  // succeeded. False: it has not.
  bool Replace(int socket, bool close_on_exec) const;
  // Its call fails with this errno.
  void Fail(int error_number) const;
  // The kernel carries it out.
  void Pass() const;

 private:
  BindNotice() = default;
  void Answer(int error_number, uint32_t flags) const;

  int listener_ = -1;
  uint64_t id_ = 0;
  pid_t caller_ = 0;
  int fd_ = -1;
  SocketAddress address_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_BIND_NOTICE_H_
