// The controller as a whole: builds its parts and connects them.
#ifndef FLEET_CONTROLLER_CONTROLLER_H_
#define FLEET_CONTROLLER_CONTROLLER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/tls_files.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace fleet::controller {

struct ControllerOptions {
  // Of an existing folder.
  std::string state_dir;
  // Makes uids.
  uint64_t random_seed = 0;
  // Some port speaks TLS: certificates are kept in the folder `tls` of
  // state_dir.
  bool tls = false;
  // Paths of the user's own authority; empty: the one in `tls`.
  std::string authority_certificate = {};
  std::string authority_key = {};
  // Path of the file of trusted issuers; empty: there are none.
  std::string issuers_file = {};
  absl::Duration host_certificate_ttl = absl::Hours(24);
  absl::Duration server_certificate_ttl = absl::Hours(30 * 24);
  // Path of the authorities of HTTPS metric gates; empty: the system's.
  std::string gate_authority = {};
};

// Made by main and by tests, which bring the servers. Loop thread only.
class Controller {
 public:
  // Takes the folder's lock, opens and migrates the store, raises the epoch,
  // and goes on with the rollouts that are under way. `loop` outlives it.
  static absl::StatusOr<std::unique_ptr<Controller>> Start(
      EventLoop& loop, const ControllerOptions& options);

  // Every call must have ended: servers are shut down first.
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // What a server must serve.
  std::vector<grpc::Service*> services();

  // Reads the file of issuers again, and renews the server's certificate if it
  // is time. What is wrong is logged, and what was there before goes on.
  void Reload();

  // Sends the agents away and lets nobody in; servers are then shut down.
  void GoAway();

  int64_t epoch() const;
  // For servers with TLS; set when ControllerOptions::tls was.
  const std::optional<TlsFiles>& tls_files() const;

 private:
  struct Parts;
  explicit Controller(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_CONTROLLER_H_
