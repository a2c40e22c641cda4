// How many connections strangers may hold open at once.
#ifndef FLEET_PROTO_RPC_OPEN_CONNECTIONS_H_
#define FLEET_PROTO_RPC_OPEN_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/time/time.h"

namespace fleet {

// gRPC has no bound of its own and tells nobody when it closes a connection. So
// each is remembered by its descriptor and the number that the kernel gave its
// socket (SO_COOKIE): a descriptor that is closed, or is another socket by now,
// counts no more. That is looked at when the bound is reached, ten times a
// second at most.
//
// One address may have a quarter of them, so that it cannot keep the others
// out; this machine's own (loopback) may have all. Used by TcpListener; loop
// thread only.
class OpenConnections {
 public:
  // Of the other end of a socket; empty: of this machine, or unknown.
  using AddressOf = std::function<std::string(int fd)>;
  static std::string FarAddress(int fd);

  explicit OpenConnections(size_t most, AddressOf address_of = FarAddress)
      : most_(most), address_of_(std::move(address_of)) {}

  // False: there are too many, and it is to be closed. `now` is steady time.
  bool Admit(int fd, absl::Time now);

  size_t most() const { return most_; }
  // Of which some may have ended.
  size_t count() const { return open_.size(); }
  int64_t refused() const { return refused_; }

 private:
  struct Connection {
    uint64_t cookie = 0;
    std::string address;
  };

  bool HasRoom(const std::string& address) const;
  void Forget(std::unordered_map<int, Connection>::iterator connection);
  void ForgetClosed(absl::Time now);

  const size_t most_;
  const AddressOf address_of_;
  std::unordered_map<int, Connection> open_;  // By descriptor.
  std::map<std::string, size_t> by_address_;
  absl::Time last_look_ = absl::InfinitePast();
  int64_t refused_ = 0;
};

// How many this process can serve, by its limit of descriptors: at most 24,000,
// and what is left suffices for the files and Unix sockets that it needs.
size_t MostConnections();

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_OPEN_CONNECTIONS_H_
