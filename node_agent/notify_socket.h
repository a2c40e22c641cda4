// Where workers say READY=1.
#ifndef FLEET_NODE_AGENT_NOTIFY_SOCKET_H_
#define FLEET_NODE_AGENT_NOTIFY_SOCKET_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node_agent/notify_message.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// A datagram socket at <runtime dir>/notify.sock, one for all workers of the
// host. The kernel says which process sent a datagram; whose worker that is,
// is the callback's to find out.
//
// The keeper holds the socket, so datagrams wait while no agent reads. What is
// longer than 4 KiB, or no assignment at all, is dropped and counted.
//
// Loop thread only.
class NotifySocket {
 public:
  using Callback =
      std::function<void(pid_t sender, const NotifyMessage& message)>;

  // A new one at `path`, in place of what a dead agent left there.
  static absl::StatusOr<UniqueFd> Open(const std::string& path);

  NotifySocket(EventLoop& loop, UniqueFd fd, Callback callback);
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // Calls back with what is there already.
  void ReadNow() { Read(); }

  int fd() const { return fd_.get(); }
  int64_t dropped() const { return dropped_; }

 private:
  void Read();
  // False: nothing more is there.
  bool ReadOne();
  void Deliver(pid_t sender, std::string_view bytes);

  EventLoop& loop_;
  UniqueFd fd_;
  Callback callback_;
  int64_t dropped_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_NOTIFY_SOCKET_H_
