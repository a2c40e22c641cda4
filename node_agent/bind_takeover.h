// Gives a worker its lane's sockets in answer to its own bind() calls.
#ifndef FLEET_NODE_AGENT_BIND_TAKEOVER_H_
#define FLEET_NODE_AGENT_BIND_TAKEOVER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/bind_notice.h"
#include "node_agent/socket_registry.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// For programs that know nothing of sockets which are handed to them
// (`takeover: true`). The program makes a socket, and calls bind(): if that is
// a declared TCP address, its descriptor becomes the lane's socket, which
// listens already, with O_NONBLOCK, close-on-exec and the keep-alive and
// no-delay options of the one it replaces; its listen() then does no harm. Any
// other bind() is the kernel's. Processes that the worker starts are answered
// alike.
//
// Where the calls wait comes over a socket that the keeper holds as
// "bind/<worker>" until it holds the listener itself under that name; so a call
// waits, and is not lost, while no agent lives.
//
// One per worker; LiveWorker owns it. Loop thread only.
class BindTakeover {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    // The worker's own socket for the address; on failure `*error_number` is
    // the errno that its program will see.
    virtual absl::StatusOr<SlotSocket> OpenSocket(const ListenAddress& address,
                                                  int* error_number) = 0;
    // The program has the socket of the address with this key.
    virtual void OnSocketTaken(const std::string& key) = 0;
    virtual void OnSocketRefused(const absl::Status& why) = 0;
  };

  // `socket_or_listener`: as the keeper holds it. `declared`: the spec's
  // `listen`. References outlive it.
  BindTakeover(EventLoop& loop, KeeperClient& keeper, Host& host,
               std::string held_name, std::vector<std::string> declared,
               UniqueFd socket_or_listener);
  ~BindTakeover();
  BindTakeover(const BindTakeover&) = delete;
  BindTakeover& operator=(const BindTakeover&) = delete;

 private:
  void Watch();
  void OnSocket();
  void OnCalls(uint32_t events);
  void Decide(const BindNotice& notice);
  void Take(const BindNotice& notice, const ListenAddress& address,
            int own_socket);

  EventLoop& loop_;
  KeeperClient& keeper_;
  Host& host_;
  const std::string held_name_;
  const std::vector<std::string> declared_;
  UniqueFd fd_;
  bool is_socket_ = false;
  bool watched_ = false;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_BIND_TAKEOVER_H_
